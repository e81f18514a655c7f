import { setInterval, setTimeout } from 'node:timers/promises'

/** Yields every `ms` milliseconds until `signal` aborts, and makes up for ticks that were late. */
export async function* ticks(ms: number, signal: AbortSignal): AsyncGenerator<void> {
  try {
    for await (const tick of setInterval(ms, undefined, { signal })) yield tick
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Resolves after `ms` milliseconds to true, or when `signal` aborts to false. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  // Only the signal makes the timer reject, and the result tells whether the signal has aborted.
  await setTimeout(ms, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}
