// What a thread that runs several jobs at once shares of its event loop: whether it turns, and
// whose code it runs. A thread that runs one job at a time has none of this: it may compute.

/** Shared with the main thread. */
export interface Pulse {
  /**
   * One number, by {@link monotonic}: when the thread's event loop turned last, while it has runs;
   * negative since when it has none; 0 before its first.
   */
  beat: Float64Array
  /** One number: the slot of the run whose code is running, or {@link NOBODY}. */
  holder: Int32Array
}

/** No run's code is running. */
export const NOBODY = -1

// Handlers may replace them.
const { store } = Atomics

export function newPulse(): Pulse {
  const pulse = {
    beat: new Float64Array(new SharedArrayBuffer(8)),
    holder: new Int32Array(new SharedArrayBuffer(4)),
  }
  resetPulse(pulse)
  return pulse
}

/** For the next thread: this one has stopped. */
export function resetPulse({ beat, holder }: Pulse): void {
  beat[0] = 0
  store(holder, 0, NOBODY)
}

/**
 * Milliseconds, on a clock that all threads share and that is never set: each thread's epoch time
 * begins with what the machine's clock said when that thread started.
 */
export function monotonic(hrtime = process.hrtime): number {
  const [seconds, nanoseconds] = hrtime()
  return seconds * 1e3 + nanoseconds / 1e6
}
