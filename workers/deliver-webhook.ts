import { badOption, checkFunction, checkKeys, checkNumber } from '../src/job/check.ts'
import type { Webhook } from '../src/job/delivery.ts'
import { PermanentError, read } from '../src/job/errors.ts'
import type { Handler, Job } from '../src/run/handler.ts'
import { attemptDelivery, type Delivery } from '../src/webhook/attempt.ts'
import { guardOf } from '../src/webhook/guard/compiled.ts'
import type { Guard } from '../src/webhook/guard/guard.ts'
import { checkGuard, GUARD_OPTIONS, type GuardOptions } from '../src/webhook/guard/rules.ts'
import { guidOf, isGuid } from '../src/webhook/guid.ts'
import { DEFAULT_USER_AGENT } from '../src/webhook/headers.ts'
import { optional, required, requiredKey } from './payload-fields.ts'

/** What `deliver_webhook` needs of its host, and where it may deliver to. */
export interface DeliverWebhookDeps extends GuardOptions {
  /** Where the hooks are; the `webhooks` of a thread's context reads them from the queue's store. */
  hooks: { getWebhook(id: number): Promise<Webhook | undefined> }
  /** Milliseconds that an attempt may take in all, 100 to 30000. @default 10000, as GitHub's */
  timeout?: number
  /** Receivers may look for GitHub's prefix. @default 'GitHub-Hookshot/helve' */
  userAgent?: string
}

export interface DeliverWebhookPayload {
  webhook_pk: number
  /** GitHub's name of the event, such as `push`; sent as `X-GitHub-Event`. */
  event: string
  /** What happened, for the record. @default the `action` of the event's payload, if it has one */
  action?: string | null
  /**
   * The UUID by which receivers tell a repeated delivery. @default one that is derived from the
   * job and what it delivers, so that all attempts share it
   */
  guid?: string | null
  /** The event's own payload: the body of the request. @default {} */
  payload?: object | null
}

const DEFAULT_TIMEOUT = 10_000

/**
 * The handler of the kind `deliver_webhook`. A run is one attempt: it signs and sends the event
 * with the hook as it is at that moment, and records request and response, whatever they come to,
 * unless the run is interrupted.
 *
 * The job completes with a 2xx and is retried otherwise, not before the time that a 429 or 503
 * asks for in `Retry-After`, a day at most. It is dead at once without a usable payload, after a
 * 410, and when the hook is missing, inactive or has a URL that the guard refuses.
 *
 * @throws HelveError `HELVE_ERR_OPTION` for options that are not as {@link DeliverWebhookDeps} says
 */
export function deliverWebhookHandler(deps: DeliverWebhookDeps): Handler<DeliverWebhookPayload> {
  const { hooks, timeout, userAgent, guard } = checked(deps)
  return async (job, ctx) => {
    const id = requiredKey(job.payload, 'webhook_pk')
    const delivery = deliveryOf(job)
    const hook = usable(await hooks.getWebhook(id), id)
    ctx.signal.throwIfAborted()
    const options = { timeout, userAgent, guard, signal: ctx.signal }
    const { record, failure } = await attemptDelivery(hook, delivery, options)
    ctx.recordDelivery(record)
    if (failure) throw failure
  }
}

type Checked = Required<Omit<DeliverWebhookDeps, keyof GuardOptions>> & { guard: Guard }

function checked(deps: DeliverWebhookDeps): Checked {
  checkKeys(deps, 'deps', ['hooks', 'timeout', 'userAgent', ...GUARD_OPTIONS])
  const { hooks, timeout = DEFAULT_TIMEOUT, userAgent = DEFAULT_USER_AGENT, ...options } = deps
  checkFunction(read(hooks, 'getWebhook'), 'hooks.getWebhook')
  checkNumber(timeout, 'timeout', 100, 30_000)
  if (typeof userAgent !== 'string' || !/^[!-~]+( [!-~]+)*$/.test(userAgent)) {
    throw badOption('userAgent', 'printable ASCII characters', userAgent)
  }
  return { hooks, timeout, userAgent, guard: guardOf(checkGuard(options, 'deps')) }
}

function deliveryOf({ id, createdAt, attempt, payload: given }: Job): Delivery {
  const event = required(given, 'event', 'the name of an event', isEventName)
  const payload = optional(given, 'payload', 'an object', isObject) ?? {}
  const action = optional(given, 'action', 'a string', isString) ?? read(payload, 'action')
  // With what is delivered, because a submission that folds into this job is another delivery.
  const guid =
    optional(given, 'guid', 'a UUID', isGuid) ??
    guidOf(id, createdAt, read(given, 'webhook_pk'), event, payload)
  return { event, action: isString(action) ? action : null, guid, payload, attempt }
}

function usable(hook: Webhook | undefined, id: number): Webhook {
  if (hook === undefined) {
    throw new PermanentError(`payload.webhook_pk: expected a webhook, got ${id}, which is none`)
  }
  if (!hook.active)
    throw new PermanentError(`webhook ${id}: expected an active one, got it inactive`)
  return hook
}

function isEventName(value: unknown): value is string {
  return isString(value) && /^[\w.:-]{1,64}$/.test(value)
}

function isString(value: unknown): value is string {
  return typeof value === 'string'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
