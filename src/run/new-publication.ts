import { createHash, randomUUID } from 'node:crypto'
import { badOption, checkInteger, checkKeys } from '../job/check.ts'
import { isGuid } from '../job/guid.ts'
import { checkedJson } from '../job/payload.ts'
import { MAX_TARGETS, type NewPublication, type Publication } from '../job/publication.ts'
import { checkEventName, checkTarget, type WebhookTarget } from '../job/webhook.ts'

/** Bytes of a body: GitHub sends none that is larger. https://docs.github.com/en/webhooks */
export const MAX_BODY_BYTES = 25 * 1024 * 1024

/** @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_PAYLOAD` */
export function newPublication(event: string, given: Publication): NewPublication {
  checkEventName(event, 'event')
  checkKeys(given, 'publication', ['target', 'targets', 'hook', 'action', 'payload', 'guid'])
  const { payload, guid = randomUUID() } = given
  if (!isGuid(guid)) throw badOption('guid', 'a UUID', guid)
  if (typeof payload !== 'object' || payload === null || Array.isArray(payload)) {
    throw badOption('payload', 'an object', payload)
  }
  const json = checkedJson(payload, 'payload', Infinity)
  const isSendable = Buffer.byteLength(json) <= MAX_BODY_BYTES
  return {
    guid: guid.toLowerCase(),
    event,
    action: actionOf(given),
    ...receiversOf(given),
    json: isSendable ? json : undefined,
    hash: createHash('sha256').update(json).digest('hex'),
  }
}

function actionOf({ action, payload }: Publication): string | null {
  const own = (payload as { action?: unknown }).action
  const given = action === undefined && typeof own === 'string' ? own : (action ?? null)
  if (given === null || typeof given === 'string') return given
  throw badOption('action', 'a string or null', given)
}

/** The receivers of the event: either the hooks of targets, or one hook. */
function receiversOf({
  target,
  targets,
  hook,
}: Publication): Pick<NewPublication, 'targets' | 'hook'> {
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
  const checked = all.map((one) => JSON.stringify(checkTarget(one as WebhookTarget)))
  return { targets: [...new Set(checked)] }
}
