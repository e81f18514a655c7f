import { badOption, checkFunction, checkKeys, checkNumber } from '../src/job/check.ts'
import { isWanted, type Webhook } from '../src/job/delivery.ts'
import { PermanentError, read, retryAt } from '../src/job/errors.ts'
import type { Handler, HandlerContext, Job } from '../src/run/handler.ts'
import { attemptDelivery, type Delivery } from '../src/webhook/attempt.ts'
import { guardOf } from '../src/webhook/guard/compiled.ts'
import { checkGuard } from '../src/webhook/guard/rules.ts'
import { DEFAULT_USER_AGENT } from '../src/webhook/headers.ts'
import type { DeliverWebhookPayload } from '../src/webhook/payload.ts'
import { checkedLimits, type DeliveryLimits } from '../src/webhook/schedule.ts'
import { taskOf, unsentRecord, type DeliverySource, type DeliveryTask } from './delivery-task.ts'

export type { DeliverWebhookPayload } from '../src/webhook/payload.ts'

/** What `deliver_webhook` needs of its host. */
export interface DeliverWebhookDeps extends DeliveryLimits {
  /** Where the hooks and their events are: the `webhooks` of the context of a thread. */
  hooks: DeliverySource
  /** Milliseconds that an attempt may take in all, 100 to 30000. @default 10000, as GitHub's */
  timeout?: number
  /** The `User-Agent`. Receivers may look for GitHub's prefix. @default 'GitHub-Hookshot/helve' */
  userAgent?: string
}

const DEFAULT_TIMEOUT = 10_000
/** Milliseconds before a delivery is tried again that the store could not serve. */
const STORE_WAIT = 5_000
const LIMITS = ['configurationAttempts', 'expiry'] as const
const KEYS = ['hooks', 'timeout', 'userAgent', ...LIMITS]
/** The rules for a hook that comes without rules. */
const DEFAULT_RULES = checkGuard()

/**
 * The handler of the kind `deliver_webhook`. A run is one attempt: it signs and sends the event
 * with the present settings of the hook, and records request and response, also of a failed
 * attempt. The record begins before the request: an interrupted attempt has a record too.
 *
 * The job completes with a 2xx. Otherwise it is retried as its kind says (`deliverWebhookPolicy`
 * has the schedule), but not before the time that a 429 or 503 asks for in `Retry-After`, a day at
 * most.
 *
 * An attempt enters the origin of the hook's URL as an endpoint. An origin that cannot be reached
 * holds back the deliveries to it, at no attempt, and the delivery has no record then.
 *
 * The job is dead at once without a usable payload, after a 410, and when the hook is missing,
 * inactive or has a URL that the guard refuses. The job is dead after 5 attempts if somebody has to
 * repair the hook or its receiver (most 4xx, redirects, names and certificates), and 72 h after it
 * was enqueued. A run that the store cannot serve, because its disk is full, say, spends no attempt.
 *
 * @throws HelveError `HELVE_ERR_OPTION` for options that are not as {@link DeliverWebhookDeps} says
 */
export function deliverWebhookHandler(deps: DeliverWebhookDeps): Handler<DeliverWebhookPayload> {
  const { hooks, timeout, userAgent, limits } = checked(deps)
  return async (job, ctx) => {
    const begun = await begin(job, ctx, hooks)
    if (begun === undefined) return
    const { hook, delivery } = begun
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

/** Begins an attempt. Undefined when the store fails, which says nothing of the receiver. */
async function begin(
  job: Job<DeliverWebhookPayload>,
  ctx: HandlerContext,
  hooks: DeliverySource,
): Promise<{ hook: Webhook; delivery: Delivery } | undefined> {
  try {
    const task = await taskOf(job, hooks, (endpoint) => ctx.enterEndpoint(endpoint))
    return { hook: usable(task, ctx), delivery: task.delivery }
  } catch (error) {
    if (!String(read(error, 'code')).startsWith('HELVE_ERR_STORE_')) throw error
    ctx.logger.warn({ err: error }, 'the store cannot serve a delivery, which is tried again')
    ctx.snooze(STORE_WAIT)
    return undefined
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

/** The hook of a delivery. A delivery that is never sent has a record too. */
function usable({ hook, webhookId, delivery }: DeliveryTask, ctx: HandlerContext): Webhook {
  if (hook !== undefined && isWanted(hook, delivery.event)) return hook
  const problem =
    hook === undefined
      ? `payload.webhook_pk: expected a webhook, got ${webhookId}, which is none`
      : `webhook ${webhookId}: expected an active one, got it inactive`
  ctx.recordDelivery(unsentRecord(hook ?? { id: webhookId, url: '' }, delivery, problem))
  throw new PermanentError(problem)
}
