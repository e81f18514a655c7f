import { setInterval, setTimeout } from 'node:timers/promises'

/** Yields so often until it is aborted; ticks that could not be taken in time are made up for. */
export async function* ticks(ms: number, signal: AbortSignal): AsyncGenerator<void> {
  try {
    for await (const tick of setInterval(ms, undefined, { signal })) yield tick
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/** Resolves then, or when it is aborted; to whether it goes on. */
export async function pause(ms: number, signal: AbortSignal): Promise<boolean> {
  // It rejects by nothing but the signal, which is what the result tells.
  await setTimeout(ms, undefined, { signal }).catch(() => undefined)
  return !signal.aborted
}
