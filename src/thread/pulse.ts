// A thread that runs several jobs at once shares whether its event loop turns, and whose code the
// thread runs. A thread that runs one job at a time shares neither: its handler may compute, and so
// hold the event loop.

/** Shared with the main thread. */
export interface Pulse {
  /**
   * One number, by {@link monotonic}. While the thread has runs: when its event loop last turned.
   * While the thread has none: minus the time at which its last run ended. 0 before its first run.
   */
  beat: Float64Array
  /** One number: the slot of the run whose code is running, or {@link NOBODY}. */
  holder: Int32Array
}

/** No run's code is running. */
export const NOBODY = -1

// Kept here, because a handler may replace the globals.
const { store } = Atomics

export function newPulse(): Pulse {
  const pulse = {
    beat: new Float64Array(new SharedArrayBuffer(8)),
    holder: new Int32Array(new SharedArrayBuffer(4)),
  }
  resetPulse(pulse)
  return pulse
}

/** Prepares the pulse for the next thread, after one has stopped. */
export function resetPulse({ beat, holder }: Pulse): void {
  beat[0] = 0
  store(holder, 0, NOBODY)
}

/**
 * Milliseconds on a clock that all threads share and nobody sets. The epoch times of two threads
 * may differ: each begins with the time that the machine's clock showed when its thread started.
 */
export function monotonic(hrtime = process.hrtime): number {
  const [seconds, nanoseconds] = hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
