/** How long a failed job waits before its next run. */
export interface BackoffOptions {
  /** @default 'exponential' */
  type?: 'exponential' | 'fixed'
  /** Milliseconds before the second run. @default 2000 */
  delay?: number
  /** Upper bound in milliseconds, before jitter. @default 300000 */
  maxDelay?: number
  /** Share of the delay by which it is moved at random, both ways; 0 to 1. @default 0.1 */
  jitter?: number
}

/**
 * A delay of one's own making: milliseconds, for the attempt that has just failed (1 is the
 * first). What it throws, or a value that is no delay, falls back to the default backoff.
 */
export type BackoffFunction = (attempt: number, error: { name: string; message: string }) => number

export const DEFAULT_BACKOFF: Required<BackoffOptions> = {
  type: 'exponential',
  delay: 2_000,
  maxDelay: 300_000,
  jitter: 0.1,
}

/** Milliseconds until the next run. `random` gives a number in [0, 1). */
export function backoffDelay(
  options: BackoffOptions,
  attempt: number,
  random: () => number,
): number {
  const { type = DEFAULT_BACKOFF.type, delay = DEFAULT_BACKOFF.delay } = options
  const { maxDelay = DEFAULT_BACKOFF.maxDelay, jitter = DEFAULT_BACKOFF.jitter } = options
  const grown = type === 'fixed' ? delay : delay * 2 ** Math.max(0, attempt - 1)
  const capped = Math.min(grown, maxDelay)
  return Math.round(capped * (1 + jitter * (2 * random() - 1)))
}
