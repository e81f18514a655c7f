import { badOption, checkKeys, checkOneOf } from './check.ts'
import { read } from './errors.ts'
import { checkAuthorization, checkSecret } from './webhook-secrets.ts'

/** What a webhook belongs to, such as `{ type: 'repository', id: 5 }`. */
export interface WebhookTarget {
  type: string
  id: number
}

/** The settings of a new webhook. */
export interface NewWebhook {
  /** Absolute, http or https, without user and password. */
  url: string
  /**
   * Signs every delivery; without control characters. `null` removes the secret.
   * @default none: deliveries are not signed; an update keeps the secret of the hook
   */
  secret?: string | null
  /**
   * Value of the header `Authorization`, such as `Bearer …`; in printable ASCII. `null` removes the
   * value.
   * @default none; an update keeps the value of the hook
   */
  authorization?: string | null
  /**
   * Also sends the headers of https://www.standardwebhooks.com, signed with the secret. The secret
   * may be `whsec_` and base64. @default false
   */
  standard?: boolean
  /** How the body is encoded. @default 'json' */
  contentType?: 'json' | 'form'
  /** Event names, in printable ASCII; `*` subscribes to all. @default ['push'] */
  events?: string[]
  /** An inactive hook gets no deliveries. @default true */
  active?: boolean
  /** Accept any TLS certificate. @default false */
  insecureTls?: boolean
  /**
   * What the hook belongs to; the type in printable ASCII, 100 characters at most. @default none
   */
  target?: WebhookTarget | null
}

/**
 * The checked settings of a webhook. A secret or an authorization that is undefined was not given.
 */
export type WebhookSettings = Required<Omit<NewWebhook, 'secret' | 'authorization'>> & {
  secret: string | null | undefined
  authorization: string | null | undefined
}

const FIELDS = [
  ...['url', 'secret', 'authorization', 'standard', 'contentType', 'events', 'active'],
  ...['insecureTls', 'target'],
]

/** A text that every server accepts as the value of a header. */
const HEADER_VALUE = /^[!-~]([ -~]{0,98}[!-~])?$/
const EXPECTED = 'printable ASCII characters, 100 at most, without spaces around them'

/**
 * Checks the settings of a hook, and fills in the defaults. Refuses a value that a delivery has to
 * carry and that no request can carry.
 *
 * @throws HelveError `HELVE_ERR_OPTION` for a field that is not as {@link NewWebhook} says
 */
export function checkWebhook(hook: NewWebhook): WebhookSettings {
  checkKeys(hook, 'webhook', FIELDS)
  const { url, secret, authorization, contentType = 'json', events = ['push'] } = hook
  const { active = true, insecureTls = false, target = null } = hook
  const standard = checkOneOf(hook.standard ?? false, 'standard', [true, false])
  checkUrl(url)
  checkEvents(events)
  return {
    url,
    secret: secret === undefined ? undefined : checkSecret(secret, standard),
    authorization: authorization === undefined ? undefined : checkAuthorization(authorization),
    standard,
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

function checkEvents(events: unknown): void {
  if (!Array.isArray(events)) throw badOption('events', 'an array of event names', events)
  for (const event of events as unknown[]) {
    if (typeof event === 'string' && HEADER_VALUE.test(event)) continue
    throw badOption('events', `names of ${EXPECTED}`, event)
  }
}

/** @throws HelveError `HELVE_ERR_OPTION` for a name that no header can carry */
export function checkEventName(event: unknown, field: string): asserts event is string {
  if (typeof event === 'string' && HEADER_VALUE.test(event)) return
  throw badOption(field, `a name of ${EXPECTED}`, event)
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkTarget(given: WebhookTarget): WebhookTarget {
  const [type, id] = [read(given, 'type'), read(given, 'id')]
  if (typeof type !== 'string' || typeof id !== 'number' || !Number.isSafeInteger(id)) {
    throw badOption('target', '{ type: string, id: integer } or null', given)
  }
  if (!HEADER_VALUE.test(type)) {
    throw badOption('target.type', EXPECTED, type)
  }
  return { type, id }
}
