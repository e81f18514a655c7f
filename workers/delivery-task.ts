import type { AttemptStart } from '../src/job/attempt-start.ts'
import type { DeliveryRecord, Webhook } from '../src/job/delivery.ts'
import { PermanentError, read } from '../src/job/errors.ts'
import { isGuid } from '../src/job/guid.ts'
import { isAction, MAX_ACTION_LENGTH } from '../src/job/publication.ts'
import type { WebhookDesk } from '../src/job/webhook-desk.ts'
import type { Job } from '../src/run/handler.ts'
import type { Delivery } from '../src/webhook/attempt.ts'
import { guidOf } from '../src/webhook/guid.ts'
import { maskUrl } from '../src/job/mask-url.ts'
import { optional, required, requiredKey } from './payload-fields.ts'

/**
 * Where hooks and events come from. A source without `getDelivery` has no events that were published,
 * and one without `beginAttempt` records an attempt only when the attempt is over.
 */
export type DeliverySource = Pick<WebhookDesk, 'getWebhook'> & Partial<WebhookDesk>

/** What a run has to send. */
export interface DeliveryTask {
  webhookId: number
  /** Undefined when there is none with the id of the job. */
  hook: Webhook | undefined
  delivery: Delivery
  /** The id of the published delivery; `null` for an event that is in the payload of the job. */
  published: number | null
}

/** @throws PermanentError for a payload that names no delivery */
export async function taskOf(job: Job, hooks: DeliverySource): Promise<DeliveryTask> {
  const webhookId = requiredKey(job.payload, 'webhook_pk')
  const published = optional(job.payload, 'delivery', 'the id of a delivery', isId) ?? null
  const own =
    published === null ? ownDelivery(job) : publishedDelivery(job, published, webhookId, hooks)
  const [delivery, hook] = await Promise.all([own, hooks.getWebhook(webhookId)])
  return { webhookId, hook, delivery, published }
}

/** An event that was published: its body is in the store. */
async function publishedDelivery(
  { attempt }: Job,
  id: number,
  webhookId: number,
  hooks: DeliverySource,
): Promise<Delivery> {
  const stored = await hooks.getDelivery?.(id)
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

/** The first version of the record of an attempt. */
export function startOf(
  job: Job,
  hook: Webhook,
  { delivery, published }: DeliveryTask,
): AttemptStart {
  const { event, action, guid, attempt, redelivery } = delivery
  const about = { event, action, guid, attempt, redelivery }
  return { ...about, job: job.id, webhookId: hook.id, delivery: published, url: maskUrl(hook.url) }
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
