import { PermanentError, RetryAfterError } from '../job/errors.ts'
import type { PostResponse } from './client.ts'

/** Milliseconds: a receiver cannot put a delivery off for longer than a day. */
const MAX_RETRY_AFTER = 24 * 60 * 60 * 1_000

/**
 * The error to throw for a response; undefined for a 2xx. 410 is permanent. After a 429 or 503, the
 * next attempt waits as long as `Retry-After` says, a day at most, or for the kind's backoff if
 * that is longer.
 */
export function failureOf({ status, headers }: PostResponse, now: number): Error | undefined {
  if (status >= 200 && status < 300) return undefined
  const message = `expected a 2xx status, got ${status}`
  if (status === 410) return new PermanentError(`${message}: the receiver is gone for good`)
  if (status >= 300 && status < 400) return new Error(`${message}: redirects are not followed`)
  const after = status === 429 || status === 503 ? retryAfter(headers['retry-after'], now) : 0
  if (after === 0) return new Error(message)
  return new RetryAfterError(after, `${message} with Retry-After of ${Math.ceil(after / 1_000)} s`)
}

/**
 * Milliseconds from now until the time in a `Retry-After`; 0 for none. Seconds and dates are both
 * allowed: RFC 9110, section 10.2.3.
 */
function retryAfter(value: string | string[] | undefined, now: number): number {
  if (typeof value !== 'string') return 0
  const text = value.trim()
  const after = /^\d+$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - now
  return after > 0 ? Math.min(after, MAX_RETRY_AFTER) : 0
}
