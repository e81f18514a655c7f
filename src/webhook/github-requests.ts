import { badOption, checkOneOf } from '../job/check.ts'
import type { WebhookRecord } from '../job/delivery.ts'
import { HelveError, read } from '../job/errors.ts'
import { checkWebhook, type NewWebhook } from '../job/webhook.ts'

// Reads the bodies that clients send to GitHub's API:
// https://docs.github.com/en/rest/repos/webhooks
// As GitHub does, these functions disregard fields that they do not know.

const MASK = '********'

/**
 * The hook that the body of a `POST /repos/{owner}/{repo}/hooks` asks for, with GitHub's defaults:
 * a form, for `push`.
 *
 * @throws HelveError `HELVE_ERR_OPTION` naming the field of the body
 */
export function newWebhookOf(body: unknown): NewWebhook {
  checkObject(body, 'body')
  const name = read(body, 'name')
  if (name !== undefined) checkOneOf(name, 'name', ['web'])
  const { active, events } = body
  return checked({ ...given({ active, events }), ...configOf(body['config']) })
}

/**
 * The settings of a hook after a `PATCH /repos/{owner}/{repo}/hooks/{hook_id}`. As with GitHub, a
 * `config` replaces the whole config: without a `secret`, the hook loses its secret. With the mask
 * that GitHub shows in place of a secret, the hook keeps its secret.
 *
 * @throws HelveError `HELVE_ERR_OPTION` naming the field of the body
 */
export function updatedWebhookOf(body: unknown, hook: WebhookRecord): NewWebhook {
  checkObject(body, 'body')
  const { url, contentType, insecureTls, target, standard } = hook
  const { active = hook.active } = body
  const events = eventsOf(body, hook.events)
  const kept = { url, contentType, insecureTls, target, standard }
  const config = body['config'] === undefined ? {} : changedConfigOf(body['config'])
  return checked({ ...kept, ...config, active, events })
}

type Body = Record<string, unknown>
type Config = Pick<NewWebhook, 'url' | 'contentType' | 'insecureTls' | 'secret'>

/** An empty secret means no secret. */
function configOf(config: unknown): Config {
  checkObject(config, 'config')
  const {
    url,
    content_type: contentType = 'form',
    insecure_ssl: insecureSsl = '0',
    secret,
  } = config
  checkOneOf(contentType, 'config.content_type', ['json', 'form'])
  checkOneOf(insecureSsl, 'config.insecure_ssl', ['0', '1', 0, 1])
  return {
    url: url as string,
    contentType: contentType as 'json' | 'form',
    insecureTls: Number(insecureSsl) === 1,
    secret: secret === '' ? null : ((secret ?? null) as string | null),
  }
}

/** Leaves the secret out if the config has the mask: the store then keeps the hook's secret. */
function changedConfigOf(config: unknown): Config {
  const { secret, ...others } = configOf(config)
  return secret === MASK ? others : { ...others, secret: secret ?? null }
}

/**
 * `events` replaces the hook's events. Then `add_events` are added, and `remove_events` removed.
 */
function eventsOf(body: Body, before: string[]): string[] {
  const { events = before, add_events: added = [], remove_events: removed = [] } = body
  for (const [field, value] of Object.entries({
    events,
    add_events: added,
    remove_events: removed,
  })) {
    if (!Array.isArray(value)) throw badOption(field, 'an array of event names', value)
  }
  const all = [...(events as string[]), ...(added as string[])]
  return [...new Set(all)].filter((event) => !(removed as string[]).includes(event))
}

/** The fields that are not undefined. */
function given(fields: Body): Body {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
}

/** Refuses settings that the store would refuse, and names the fields as the body does. */
function checked(hook: object): NewWebhook {
  try {
    checkWebhook(hook as NewWebhook)
  } catch (error) {
    if (!(error instanceof HelveError) || !/^(url|secret):/.test(error.message)) throw error
    throw new HelveError(error.code, `config.${error.message}`)
  }
  return hook as NewWebhook
}

function checkObject(value: unknown, field: string): asserts value is Body {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  throw badOption(field, 'an object', value)
}
