import { isPermanent, PermanentError, RetryAfterError } from '../job/errors.ts'
import type { PostResponse } from './client.ts'
import { classOf, retryAfterOf } from './outcome.ts'
import { askedWait, endOf, type Attempted, type DeliveryLimits } from './schedule.ts'

/** The facts, besides the response or the error, that decide whether an attempt is the last one. */
export interface FailureContext extends Pick<Attempted, 'attempt' | 'createdAt' | 'now'> {
  limits: Required<DeliveryLimits>
}

/**
 * The error for the handler to throw after a failed attempt; undefined after a 2xx. The error is
 * permanent when no attempt is to follow. It delays the next attempt for as long as the receiver
 * asks. The backoff of the kind decides otherwise, and wherever it is longer.
 */
export function failureOf(
  came: PostResponse | Error,
  { limits, ...context }: FailureContext,
): Error | undefined {
  const its = classOf(came)
  if (its === 'ok') return undefined
  const isError = came instanceof Error
  const retryAfter = isError ? 0 : retryAfterOf(came, context.now)
  const attempted = { ...context, class: its, retryAfter }
  const error = isError ? came : new Error(messageOf(came.status))
  const end = endOf(attempted, limits)
  if (end !== undefined) return ended(error, end)
  const wait = askedWait(attempted)
  if (wait === 0) return error
  const asked = `${error.message} with Retry-After of ${Math.ceil(wait / 1_000)} s`
  return new RetryAfterError(wait, asked)
}

function messageOf(status: number): string {
  const message = `expected a 2xx status, got ${status}`
  return status >= 300 && status < 400 ? `${message}: redirects are not followed` : message
}

function ended(error: Error, end: string): Error {
  if (isPermanent(error)) return error
  return new PermanentError(`${error.message}: ${end}`, { cause: error })
}
