import { DEFAULT_BACKOFF, type BackoffFunction, type BackoffOptions } from './backoff.ts'
import { checkInteger, checkKeys, checkNumber, checkOneOf } from './check.ts'
import { MAX_DELAY } from './limits.ts'

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
}

export const DEFAULT_POLICY: Policy = {
  maxAttempts: 5,
  backoff: DEFAULT_BACKOFF,
  timeout: 600_000,
  grace: 1_000,
  alone: false,
  lane: 'default',
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
