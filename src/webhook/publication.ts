import { createHash, randomUUID } from 'node:crypto'
import { badOption, checkKeys } from '../job/check.ts'
import { checkedJson } from '../job/payload.ts'
import type { NewPublication, Publication, WebhookTarget } from '../job/publication.ts'
import { checkEventName, checkTarget } from '../job/webhook.ts'
import { isGuid } from './guid.ts'

/** Bytes of a body: GitHub sends none that is larger. https://docs.github.com/en/webhooks */
export const MAX_BODY_BYTES = 25 * 1024 * 1024
/** Targets of one event. */
const MAX_TARGETS = 100

/** @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_PAYLOAD` */
export function newPublication(event: string, given: Publication): NewPublication {
  checkEventName(event, 'event')
  checkKeys(given, 'publication', ['target', 'targets', 'action', 'payload', 'guid'])
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
    targets: [...new Set(targetsOf(given).map((one) => JSON.stringify(checkTarget(one))))],
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

function targetsOf({ target, targets }: Publication): readonly WebhookTarget[] {
  if (target !== undefined && targets !== undefined) {
    throw badOption('targets', 'target or targets', 'both')
  }
  const all = target === undefined ? targets : [target]
  if (!Array.isArray(all) || all.length === 0 || all.length > MAX_TARGETS) {
    throw badOption('targets', `1 to ${MAX_TARGETS} targets`, all)
  }
  return all as readonly WebhookTarget[]
}
