import type { BackoffFunction } from '../job/backoff.ts'
import { badOption, checkInteger, checkKeys, checkNumber } from '../job/check.ts'
import type { BreakerOptions } from '../job/breaker.ts'
import type { DeliveryClass } from '../job/delivery.ts'
import type { Rate } from '../job/rate.ts'
import { MAX_DELAY } from '../job/limits.ts'

/** When the attempts of a delivery are made. */
export interface DeliverySchedule {
  /**
   * Milliseconds from each attempt to the next. A delivery has one attempt more than it has waits.
   * @default 5 s, 1 min, 5 min, 30 min, 2 h, 5 h, 10 h, 10 h: 27.6 h in all, after
   *   https://docs.svix.com/retries
   */
  schedule?: readonly number[]
  /**
   * Largest share of a wait by which the wait is moved at random, both ways; 0 to 1. @default 0.2
   */
  jitter?: number
  /**
   * The number of the attempt from which on a failure of the class `configuration` ends the
   * delivery. The attempts before leave time for a deploy or a repair.
   * @default 5, within about 36 min
   */
  configurationAttempts?: number
  /**
   * Milliseconds after the enqueue of a delivery from which on no attempt follows. @default 72 h
   */
  expiry?: number
}

/** The limits that make an attempt the last one, whatever the schedule says. */
export type DeliveryLimits = Pick<DeliverySchedule, 'configurationAttempts' | 'expiry'>

const SECOND = 1_000
const MINUTE = 60 * SECOND
const HOUR = 60 * MINUTE

/** Milliseconds: a receiver cannot put a delivery off for longer than a day. */
const MAX_RETRY_AFTER = 24 * HOUR

const DEFAULT_SCHEDULE: Required<DeliverySchedule> = {
  schedule: [
    ...[5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE],
    ...[2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR],
  ],
  jitter: 0.2,
  configurationAttempts: 5,
  expiry: 72 * HOUR,
}

/** An attempt that is over. */
export interface Attempted {
  class: DeliveryClass
  /** 1 is the first. */
  attempt: number
  /** Milliseconds from now for which the receiver asks. @default 0 */
  retryAfter?: number
  /** Epoch milliseconds at which the delivery was enqueued. */
  createdAt: number
  /** Epoch milliseconds. */
  now: number
}

/**
 * Milliseconds until the next attempt; undefined when there is none.
 *
 * @param given.random gives a number in [0, 1)
 */
export function nextAttempt({
  random,
  options = {},
  ...attempted
}: Attempted & { random: () => number; options?: DeliverySchedule }): number | undefined {
  const { schedule, jitter, ...limits } = { ...DEFAULT_SCHEDULE, ...options }
  const wait = schedule[attempted.attempt - 1]
  if (wait === undefined || endOf(attempted, limits) !== undefined) return undefined
  const next = Math.max(Math.round(wait * (1 + jitter * (2 * random() - 1))), askedWait(attempted))
  return ageOf(attempted) + next > limits.expiry ? undefined : next
}

/** Milliseconds from now before which no attempt is to be made; the schedule may say later. */
export function askedWait({ class: its, retryAfter = 0 }: Attempted): number {
  return its === 'throttled' ? Math.min(retryAfter, MAX_RETRY_AFTER) : 0
}

/**
 * Why no attempt is to follow, whatever the schedule says; undefined when an attempt may follow.
 */
export function endOf(attempted: Attempted, limits: Required<DeliveryLimits>): string | undefined {
  const { class: its, attempt } = attempted
  const { configurationAttempts, expiry } = limits
  if (its === 'gone') return 'the receiver is gone for good'
  if (its === 'never sent') return 'it is never sent'
  if (its === 'configuration' && attempt >= configurationAttempts) {
    return `not repaired within ${configurationAttempts} attempts`
  }
  if (ageOf(attempted) + askedWait(attempted) >= expiry) {
    return `not delivered within ${Math.round(expiry / MINUTE)} min`
  }
  return undefined
}

function ageOf({ now, createdAt }: Attempted): number {
  return now - createdAt
}

/**
 * How the queue is to run `deliver_webhook`:
 * `runtime.register('deliver_webhook', { ...deliverWebhookPolicy(), lane: 'io' })`.
 * The backoff is the schedule. The engine takes the larger of the backoff and of `Retry-After`.
 * Each hook is a group: 2 of its deliveries run at a time, 10 start in a second, and a breaker holds
 * them back while the receiver fails. Each origin is an endpoint: 8 deliveries run at a time over all
 * its hooks, and a breaker holds them back while the origin cannot be reached.
 *
 * @throws HelveError `HELVE_ERR_OPTION` for options that are not as {@link DeliverySchedule} says
 */
export function deliverWebhookPolicy(options: Pick<DeliverySchedule, 'schedule' | 'jitter'> = {}): {
  maxAttempts: number
  backoff: BackoffFunction
  group: (payload: { webhook_pk: number }) => string
  groupConcurrency: number
  groupRate: Rate
  endpointConcurrency: number
  breaker: BreakerOptions
} {
  const { schedule, jitter } = checkedSchedule(options)
  const last = schedule.length
  const rest = { class: 'temporary', createdAt: 0, now: 0, random: Math.random } as const
  const backoff: BackoffFunction = (attempt) => {
    const once = { ...rest, attempt: Math.min(attempt, last) }
    return nextAttempt({ ...once, options: { schedule, jitter, expiry: Infinity } }) ?? 0
  }
  const limits = { groupConcurrency: 2, groupRate: { limit: 10, per: 1_000 }, breaker: {} }
  return { maxAttempts: last + 1, backoff, group: hookOf, ...limits, endpointConcurrency: 8 }
}

function hookOf(payload: { webhook_pk: number }): string {
  return String(payload.webhook_pk)
}

function checkedSchedule(options: Pick<DeliverySchedule, 'schedule' | 'jitter'>) {
  checkKeys(options, 'options', ['schedule', 'jitter'])
  const { schedule = DEFAULT_SCHEDULE.schedule, jitter = DEFAULT_SCHEDULE.jitter } = options
  if (!Array.isArray(schedule) || schedule.length > 999) {
    throw badOption('schedule', 'an array of milliseconds, 999 at most', schedule)
  }
  const waits = schedule.map((wait, at) => checkNumber(wait, `schedule[${at}]`, 0, MAX_DELAY))
  return { schedule: waits, jitter: checkNumber(jitter, 'jitter', 0, 1) }
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkedLimits(limits: DeliveryLimits): Required<DeliveryLimits> {
  const { configurationAttempts = DEFAULT_SCHEDULE.configurationAttempts } = limits
  const { expiry = DEFAULT_SCHEDULE.expiry } = limits
  checkInteger(configurationAttempts, 'configurationAttempts', 1, 1_000)
  checkNumber(expiry, 'expiry', 0, Infinity)
  return { configurationAttempts, expiry }
}
