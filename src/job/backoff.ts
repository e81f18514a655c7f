/** How long a failed job waits before its next run. */
export interface BackoffOptions {
  /** @default 'exponential' */
  type?: 'exponential' | 'fixed'
  /** Milliseconds before the second run. @default 2000 */
  delay?: number
  /** Upper bound in milliseconds, before jitter. @default 300000 */
  maxDelay?: number
  /** Largest random change of the delay, up or down, as a share of it; 0 to 1. @default 0.1 */
  jitter?: number
}

/**
 * A backoff that the host computes: milliseconds, for the attempt that has just failed (1 is the
 * first). If the function throws, or returns anything but a delay, the default backoff applies.
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
