import { DEFAULT_BACKOFF, type BackoffFunction, type BackoffOptions } from './backoff.ts'
import { badOption, checkInteger, checkKeys, checkNumber, checkOneOf } from './check.ts'
import { checkGroup } from './names.ts'
import { MAX_DELAY } from './limits.ts'

/**
 * A token bucket: it holds `limit` tokens and is refilled evenly, at `limit` tokens in `per`
 * milliseconds. Each run takes one; a job that finds none waits in the queue.
 */
export interface Rate {
  /** Runs; an integer from 1 to 1,000,000. */
  limit: number
  /** Milliseconds, from 1. */
  per: number
}

/** The group of a job: one for all of a kind, or read off its payload (none for null). */
export type GroupOf<P = never> = string | ((payload: P) => string | null | undefined)

/** How a kind's jobs are run and retried. */
export interface Policy {
  /** Runs in all, the first included. @default 5 */
  maxAttempts: number
  /** @default exponential from 2 s, doubling, capped at 300 s, ±10 % */
  backoff: BackoffOptions | BackoffFunction
  /**
   * Milliseconds a run may take. After that its signal aborts; after {@link Policy.grace} its
   * thread is killed; when it has stopped, the run counts as failed. @default 600000
   */
  timeout: number
  /** Milliseconds between the abort of a run and the killing of its thread. @default 1000 */
  grace: number
  /** Hands each job to a thread by itself, however short the kind is. @default false */
  alone: boolean
  /** The lane whose threads run the kind. @default 'default' */
  lane: string
  /**
   * Slots of its lane that the kind may hold at a time. @default no limit
   */
  concurrency: number
  /** @default none */
  rate: Rate | undefined
  /** @default none */
  group: GroupOf | undefined
  /** Jobs of a group that may run at a time. @default 1 */
  groupConcurrency: number
  /** For each group. @default none */
  groupRate: Rate | undefined
  /** Milliseconds since its submission after which a job that snoozes is dead. @default 604800000 */
  maxAge: number
}

export const DEFAULT_POLICY: Policy = {
  maxAttempts: 5,
  backoff: DEFAULT_BACKOFF,
  timeout: 600_000,
  grace: 1_000,
  alone: false,
  lane: 'default',
  concurrency: Infinity,
  rate: undefined,
  group: undefined,
  groupConcurrency: 1,
  groupRate: undefined,
  maxAge: 7 * 24 * 60 * 60 * 1_000,
}

export function checkMaxAttempts(value: unknown): number {
  return checkInteger(value, 'maxAttempts', 1, 1_000)
}

export function checkTimeout(value: unknown): number {
  return checkNumber(value, 'timeout', 1, MAX_DELAY)
}

export function checkBackoff(value: unknown): BackoffOptions {
  checkKeys(value, 'backoff', ['type', 'delay', 'maxDelay', 'jitter'])
  const { type, delay, maxDelay, jitter } = value as BackoffOptions
  if (type !== undefined) checkOneOf(type, 'backoff.type', ['exponential', 'fixed'])
  if (delay !== undefined) checkNumber(delay, 'backoff.delay', 0, MAX_DELAY)
  if (maxDelay !== undefined) checkNumber(maxDelay, 'backoff.maxDelay', 0, MAX_DELAY)
  if (jitter !== undefined) checkNumber(jitter, 'backoff.jitter', 0, 1)
  return value as BackoffOptions
}

export function checkRate(value: unknown, field: string): Rate {
  checkKeys(value, field, ['limit', 'per'])
  const { limit, per } = value as Rate
  checkInteger(limit, `${field}.limit`, 1, 1_000_000)
  checkNumber(per, `${field}.per`, 1, MAX_DELAY)
  return { limit, per }
}

export function checkGroupOf(value: unknown): void {
  if (typeof value === 'function') return
  if (typeof value !== 'string') throw badOption('group', 'a string or a function', value)
  checkGroup(value)
}
