import type { AttemptOpening } from '../src/job/attempt-start.ts'
import type { DeliveryRecord, Webhook } from '../src/job/delivery.ts'
import { PermanentError, read } from '../src/job/errors.ts'
import { isGuid } from '../src/job/guid.ts'
import { openAttempt, type OpenedAttempt } from '../src/job/open-attempt.ts'
import { isAction, MAX_ACTION_LENGTH, type StoredDelivery } from '../src/job/publication.ts'
import type { Enter, WebhookDesk } from '../src/job/webhook-desk.ts'
import type { Job } from '../src/run/handler.ts'
import type { Delivery } from '../src/webhook/attempt.ts'
import { guidOf } from '../src/webhook/guid.ts'
import { maskUrl } from '../src/job/mask-url.ts'
import { optional, required, requiredKey } from './payload-fields.ts'

/**
 * Where hooks and events come from: the `webhooks` of the context of a thread, or `store.webhooks` on
 * the main thread. A source without `openAttempt` has no events that were published, and keeps no
 * record of an attempt before the attempt is over.
 */
export type DeliverySource = Pick<WebhookDesk, 'getWebhook'> & Partial<WebhookDesk>

/** What a run has to send. */
export interface DeliveryTask {
  webhookId: number
  /** Undefined when there is none with the id of the job. */
  hook: Webhook | undefined
  delivery: Delivery
}

/**
 * Finds out what a run has to send, and opens the attempt.
 *
 * @throws PermanentError for a payload that names no delivery
 * @throws EndpointHeldError when the origin of the hook takes no run in
 */
export async function taskOf(job: Job, hooks: DeliverySource, enter: Enter): Promise<DeliveryTask> {
  const webhookId = requiredKey(job.payload, 'webhook_pk')
  const published = optional(job.payload, 'delivery', 'the id of a delivery', isId) ?? null
  const own = published === null ? ownDelivery(job) : undefined
  const about = own && factsOf(own)
  const opening = { job: job.id, attempt: job.attempt, webhookId, delivery: published }
  const {
    hook,
    stored,
    record: id,
  } = await opened(hooks, { ...opening, about: about ?? null }, enter)
  const delivery = own ?? publishedDelivery(job, published!, webhookId, stored)
  return { webhookId, hook, delivery: { ...delivery, id } }
}

function factsOf({ guid, event, action, redelivery }: Delivery): AttemptOpening['about'] {
  return { guid, event, action, redelivery }
}

function opened(
  hooks: DeliverySource,
  opening: AttemptOpening,
  enter: Enter,
): Promise<OpenedAttempt> {
  if (hooks.openAttempt !== undefined) return hooks.openAttempt(opening, enter)
  return openAttempt(opening, {
    getWebhook: (id) => hooks.getWebhook(id),
    getDelivery: async () => undefined,
    begin: async () => undefined,
    enter,
  })
}

/** An event that was published: its body is in the store. */
function publishedDelivery(
  { attempt }: Job,
  id: number,
  webhookId: number,
  stored: StoredDelivery | undefined,
): Delivery {
  if (stored?.webhookId !== webhookId) {
    const expected = `payload.delivery: expected a delivery to webhook ${webhookId}`
    const came = stored === undefined ? 'none' : `one to webhook ${stored.webhookId}`
    throw new PermanentError(`${expected}, got ${id}, which is ${came}`)
  }
  const { event, action, guid, redelivery, body } = stored
  return { event, action, guid, redelivery, payload: body, attempt }
}

/** An event that the host has put into the payload of the job. */
function ownDelivery({ id, createdAt, attempt, payload: given }: Job): Delivery {
  const event = required(given, 'event', 'the name of an event', isEventName)
  const payload = optional(given, 'payload', 'an object', isObject) ?? {}
  const redelivery = optional(given, 'redelivery', 'true or false', isBoolean) ?? false
  const own = read(payload, 'action')
  const action =
    optional(given, 'action', `a string of at most ${MAX_ACTION_LENGTH} characters`, isAction) ??
    (isAction(own) ? own : null)
  // The GUID depends on the event and its payload, because a submission that folds into this job is
  // another delivery.
  const guid =
    optional(given, 'guid', 'a UUID', isGuid) ??
    guidOf(id, createdAt, read(given, 'webhook_pk'), event, payload)
  return { event, action, guid, payload, attempt, redelivery }
}

/** The record of a delivery that helve does not send. */
export function unsentRecord(
  hook: Pick<Webhook, 'id' | 'url'>,
  { event, action, guid, attempt, redelivery }: Delivery,
  error: string,
): DeliveryRecord {
  return {
    ...{ webhookId: hook.id, event, action, guid, attempt, redelivery },
    ...{ at: Date.now(), durationMs: 0, url: maskUrl(hook.url) },
    ...{ requestHeaders: {}, requestBody: '' },
    ...{ status: null, responseHeaders: null, responseBody: null, truncated: false },
    ...{ error, outcome: 'never sent' },
  }
}

function isId(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}

function isEventName(value: unknown): value is string {
  return isString(value) && /^[\w.:-]{1,64}$/.test(value)
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
