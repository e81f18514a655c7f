import type { BackoffOptions } from './backoff.ts'
import { checkKeys, checkNumber, checkOneOf } from './check.ts'
import { MAX_DELAY } from './limits.ts'

/**
 * Checks a backoff and returns a copy, so that a later change of the host's object has no effect.
 *
 * @throws HelveError `HELVE_ERR_OPTION`
 */
export function checkBackoff(value: unknown): BackoffOptions {
  checkKeys(value, 'backoff', ['type', 'delay', 'maxDelay', 'jitter'])
  const { type, delay, maxDelay, jitter } = value as BackoffOptions
  if (type !== undefined) checkOneOf(type, 'backoff.type', ['exponential', 'fixed'])
  if (delay !== undefined) checkNumber(delay, 'backoff.delay', 0, MAX_DELAY)
  if (maxDelay !== undefined) checkNumber(maxDelay, 'backoff.maxDelay', 0, MAX_DELAY)
  if (jitter !== undefined) checkNumber(jitter, 'backoff.jitter', 0, 1)
  return {
    ...(type !== undefined && { type }),
    ...(delay !== undefined && { delay }),
    ...(maxDelay !== undefined && { maxDelay }),
    ...(jitter !== undefined && { jitter }),
  }
}
