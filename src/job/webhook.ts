import { badOption, checkKeys, checkOneOf } from './check.ts'

/** The settings of a new webhook. */
export interface NewWebhook {
  /** Absolute, http or https, without user and password. */
  url: string
  /** Signs every delivery; without control characters. @default none: deliveries are not signed */
  secret?: string | null
  /** How the body is encoded. @default 'json' */
  contentType?: 'json' | 'form'
  /** Event names, in printable ASCII; `*` subscribes to all. @default ['push'] */
  events?: string[]
  /** An inactive hook gets no deliveries. @default true */
  active?: boolean
  /** Accept any TLS certificate. @default false */
  insecureTls?: boolean
  /**
   * What the hook belongs to, such as `{ type: 'repository', id: 5 }`; the type in printable ASCII,
   * 100 characters at most. @default none
   */
  target?: { type: string; id: number } | null
}

/** The settings of a webhook that can be changed, each of them given. */
export type WebhookSettings = Required<NewWebhook>

const FIELDS = ['url', 'secret', 'contentType', 'events', 'active', 'insecureTls', 'target']

/** A text that every server accepts as the value of a header. */
const HEADER_VALUE = /^[!-~]([ -~]{0,98}[!-~])?$/
const EXPECTED = 'printable ASCII characters, 100 at most, without spaces around them'
// oxlint-disable-next-line eslint/no-control-regex -- the pattern is for control characters
const CONTROL = /[\u0000-\u001f\u007f]/

/**
 * Checks the settings of a hook, and fills in the defaults. Refuses a value that a delivery has to
 * carry and that no request can carry.
 *
 * @throws HelveError `HELVE_ERR_OPTION` for a field that is not as {@link NewWebhook} says
 */
export function checkWebhook(hook: NewWebhook): WebhookSettings {
  checkKeys(hook, 'webhook', FIELDS)
  const { url, secret = null, contentType = 'json', events = ['push'] } = hook
  const { active = true, insecureTls = false, target = null } = hook
  checkUrl(url)
  checkSecret(secret)
  checkEvents(events)
  return {
    url,
    secret,
    contentType: checkOneOf(contentType, 'contentType', ['json', 'form']),
    events,
    active: checkOneOf(active, 'active', [true, false]),
    insecureTls: checkOneOf(insecureTls, 'insecureTls', [true, false]),
    target: target && checkTarget(target),
  }
}

function checkUrl(url: unknown): void {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  // The message does not show the URL: messages end up in logs, and the URL may contain a password
  // or a token.
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw badOption('url', 'an absolute http or https URL', typeof url)
  }
  if (parsed.username || parsed.password) {
    throw badOption('url', 'a URL without user and password', 'one with them')
  }
}

/** The message does not show the secret. */
function checkSecret(secret: unknown): void {
  if (secret === null) return
  if (typeof secret !== 'string' || secret === '') {
    throw badOption('secret', 'a string that is not empty, or null', typeof secret)
  }
  if (CONTROL.test(secret)) {
    throw badOption('secret', 'a string without control characters', 'one with a line end or such')
  }
  if (!secret.isWellFormed()) throw badOption('secret', 'well-formed Unicode', 'a lone surrogate')
}

function checkEvents(events: unknown): void {
  if (!Array.isArray(events)) throw badOption('events', 'an array of event names', events)
  for (const event of events as unknown[]) {
    if (typeof event === 'string' && HEADER_VALUE.test(event)) continue
    throw badOption('events', `names of ${EXPECTED}`, event)
  }
}

function checkTarget({ type, id }: { type: unknown; id: unknown }): WebhookSettings['target'] {
  if (typeof type !== 'string' || typeof id !== 'number' || !Number.isSafeInteger(id)) {
    throw badOption('target', '{ type: string, id: integer } or null', { type, id })
  }
  if (!HEADER_VALUE.test(type)) {
    throw badOption('target.type', EXPECTED, type)
  }
  return { type, id }
}
