import { badOption, checkFunction, checkKeys, checkNumber } from '../src/job/check.ts'
import type { Webhook } from '../src/job/delivery.ts'
import { PermanentError, read, retryAt } from '../src/job/errors.ts'
import type { Handler, Job } from '../src/run/handler.ts'
import { attemptDelivery, type Delivery } from '../src/webhook/attempt.ts'
import { guardOf } from '../src/webhook/guard/compiled.ts'
import { checkGuard } from '../src/webhook/guard/rules.ts'
import { guidOf, isGuid } from '../src/webhook/guid.ts'
import { DEFAULT_USER_AGENT } from '../src/webhook/headers.ts'
import type { DeliverWebhookPayload } from '../src/webhook/payload.ts'
import { checkedLimits, type DeliveryLimits } from '../src/webhook/schedule.ts'
import { optional, required, requiredKey } from './payload-fields.ts'

export type { DeliverWebhookPayload } from '../src/webhook/payload.ts'

/** What `deliver_webhook` needs of its host. */
export interface DeliverWebhookDeps extends DeliveryLimits {
  /**
   * Where the hooks are: the `webhooks` of a thread's context read them from the store of the
   * queue.
   */
  hooks: { getWebhook(id: number): Promise<Webhook | undefined> }
  /** Milliseconds that an attempt may take in all, 100 to 30000. @default 10000, as GitHub's */
  timeout?: number
  /** The `User-Agent`. Receivers may look for GitHub's prefix. @default 'GitHub-Hookshot/helve' */
  userAgent?: string
}

const DEFAULT_TIMEOUT = 10_000
const LIMITS = ['configurationAttempts', 'expiry'] as const
const KEYS = ['hooks', 'timeout', 'userAgent', ...LIMITS]
/** The rules for a hook that comes without rules. */
const DEFAULT_RULES = checkGuard()

/**
 * The handler of the kind `deliver_webhook`. A run is one attempt: it signs and sends the event
 * with the present settings of the hook, and records request and response, also of a failed
 * attempt. An interrupted run records nothing.
 *
 * The job completes with a 2xx. Otherwise it is retried as its kind says (`deliverWebhookPolicy`
 * has the schedule), but not before the time that a 429 or 503 asks for in `Retry-After`, a day at
 * most.
 *
 * The job is dead at once without a usable payload, after a 410, and when the hook is missing,
 * inactive or has a URL that the guard refuses. The job is dead after 5 attempts if somebody has to
 * repair the hook or its receiver (most 4xx, redirects, names and certificates), and 72 h after it
 * was enqueued.
 *
 * @throws HelveError `HELVE_ERR_OPTION` for options that are not as {@link DeliverWebhookDeps} says
 */
export function deliverWebhookHandler(deps: DeliverWebhookDeps): Handler<DeliverWebhookPayload> {
  const { hooks, timeout, userAgent, limits } = checked(deps)
  return async (job, ctx) => {
    const id = requiredKey(job.payload, 'webhook_pk')
    const delivery = deliveryOf(job)
    const hook = usable(await hooks.getWebhook(id), id)
    ctx.signal.throwIfAborted()
    const { createdAt } = job
    const guard = guardOf(hook.guard ?? DEFAULT_RULES)
    const options = { timeout, userAgent, guard, signal: ctx.signal, createdAt, limits }
    const { record, failure } = await attemptDelivery(hook, delivery, options)
    ctx.recordDelivery(record)
    if (failure === undefined) return
    // A receiver that asks for time is to be left alone by all deliveries of the hook.
    const now = Date.now()
    const until = retryAt(failure, now)
    if (until !== undefined) ctx.tripBreaker(until - now, failure.message)
    throw failure
  }
}

interface Checked {
  hooks: DeliverWebhookDeps['hooks']
  timeout: number
  userAgent: string
  limits: Required<DeliveryLimits>
}

function checked(deps: DeliverWebhookDeps): Checked {
  checkKeys(deps, 'deps', KEYS)
  const { hooks, timeout = DEFAULT_TIMEOUT, userAgent = DEFAULT_USER_AGENT } = deps
  checkFunction(read(hooks, 'getWebhook'), 'hooks.getWebhook')
  checkNumber(timeout, 'timeout', 100, 30_000)
  if (typeof userAgent !== 'string' || !/^[!-~]+( [!-~]+)*$/.test(userAgent)) {
    throw badOption('userAgent', 'printable ASCII characters', userAgent)
  }
  return {
    ...{ hooks, timeout, userAgent },
    limits: checkedLimits(picked(deps, LIMITS)),
  }
}

function picked<T extends object, K extends keyof T>(from: T, keys: readonly K[]): Pick<T, K> {
  const given = keys.filter((key) => from[key] !== undefined)
  return Object.fromEntries(given.map((key) => [key, from[key]])) as Pick<T, K>
}

function deliveryOf({ id, createdAt, attempt, payload: given }: Job): Delivery {
  const event = required(given, 'event', 'the name of an event', isEventName)
  const payload = optional(given, 'payload', 'an object', isObject) ?? {}
  const redelivery = optional(given, 'redelivery', 'true or false', isBoolean) ?? false
  const action = optional(given, 'action', 'a string', isString) ?? read(payload, 'action')
  // The GUID depends on the event and its payload, because a submission that folds into this job is
  // another delivery.
  const guid =
    optional(given, 'guid', 'a UUID', isGuid) ??
    guidOf(id, createdAt, read(given, 'webhook_pk'), event, payload)
  return { event, action: isString(action) ? action : null, guid, payload, attempt, redelivery }
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

function isBoolean(value: unknown): value is boolean {
  return typeof value === 'boolean'
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
