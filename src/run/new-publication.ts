import { randomUUID } from 'node:crypto'
import { badOption, checkInteger, checkKeys } from '../job/check.ts'
import { read } from '../job/errors.ts'
import { isGuid } from '../job/guid.ts'
import { checkedJson } from '../job/payload.ts'
import {
  checkAction,
  hashOf,
  isAction,
  MAX_TARGETS,
  type NewPublication,
  type Publication,
} from '../job/publication.ts'
import { checkEventName, checkTarget, type WebhookTarget } from '../job/webhook.ts'

/** Bytes of a body: GitHub sends none that is larger. https://docs.github.com/en/webhooks */
export const MAX_BODY_BYTES = 25 * 1024 * 1024

/** @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_PAYLOAD` */
export function newPublication(event: string, given: Publication): NewPublication {
  checkEventName(event, 'event')
  checkKeys(given, 'publication', ['target', 'targets', 'hook', 'action', 'payload', 'guid'])
  const { payload, guid = randomUUID(), action = ownAction(payload), ...receivers } = given
  if (!isGuid(guid)) throw badOption('guid', 'a UUID', guid)
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw badOption('payload', 'an object', payload)
  }
  checkAction(action)
  const json = checkedJson(payload, 'payload', Infinity)
  if (!json.startsWith('{')) throw badOption('payload', 'an object', 'another value by its toJSON')
  const isSendable = Buffer.byteLength(json) <= MAX_BODY_BYTES
  return {
    guid: guid.toLowerCase(),
    event,
    action,
    ...receiversOf(receivers),
    json: isSendable ? json : undefined,
    hash: hashOf(json),
  }
}

/** The action of a payload; `null` for a payload whose `action` is something else. */
function ownAction(payload: unknown): string | null {
  const own = read(payload, 'action')
  return isAction(own) ? own : null
}

/** The receivers of the event: either the hooks of targets, or one hook. */
function receiversOf({
  target,
  targets,
  hook,
}: Pick<Publication, 'target' | 'targets' | 'hook'>): Pick<NewPublication, 'targets' | 'hook'> {
  const given = [target, targets, hook].filter((one) => one !== undefined)
  if (given.length !== 1) {
    throw badOption('publication', 'one of target, targets and hook', `${given.length} of them`)
  }
  if (hook !== undefined) {
    return { targets: [], hook: checkInteger(hook, 'hook', 1, Number.MAX_SAFE_INTEGER) }
  }
  const all: unknown = target === undefined ? targets : [target]
  if (!Array.isArray(all) || all.length === 0 || all.length > MAX_TARGETS) {
    throw badOption('targets', `1 to ${MAX_TARGETS} targets`, all)
  }
  // By `from`, which sees the holes of an array as well.
  const checked = Array.from(all, (one) => JSON.stringify(checkTarget(one as WebhookTarget)))
  return { targets: [...new Set(checked)] }
}
