/**
 * Milliseconds of one step of a long wait. Node fires a timer above 2^31−1 ms at once, so that
 * every step has to stay far below. A step that takes too long, as in a machine that slept, delays
 * the end of the wait by one step at most.
 */
const STEP = 60_000

/** The clock and the timers that a {@link Timer} uses. Tests bring their own. */
export interface TimeSource {
  /** Milliseconds since some moment, with fractions, by a clock that nobody sets. */
  now(): number
  /** Calls back once after `ms` milliseconds, at most {@link STEP}. */
  set(callback: () => void, ms: number): NodeJS.Timeout
  clear(handle: NodeJS.Timeout): void
}

/** Looks up the globals at each call, because tests replace the globals. */
const SYSTEM: TimeSource = {
  now: () => performance.now(),
  set: (callback, ms) => setTimeout(callback, ms),
  clear: (handle) => clearTimeout(handle),
}

/**
 * The globals of the moment at which this module was loaded: replacing the globals later has no
 * effect.
 */
export const ORIGINAL: TimeSource = {
  now: performance.now.bind(performance),
  set: setTimeout,
  clear: clearTimeout,
}

/** Calls back once after any number of milliseconds; never after Infinity. */
export class Timer {
  readonly #callback: () => void
  readonly #source: TimeSource
  readonly #due: number
  #handle: NodeJS.Timeout | undefined
  #keepsAlive = true

  constructor(ms: number, callback: () => void, source: TimeSource) {
    this.#callback = callback
    this.#source = source
    this.#due = source.now() + ms
    this.#step(ms)
  }

  /** Calls the timer off. Does nothing once the timer has fired. */
  cancel(): void {
    this.#source.clear(this.#handle!)
  }

  /** Keeps the process alive until the timer fires, as a new timer does. */
  ref(): this {
    this.#keepsAlive = true
    this.#handle!.ref()
    return this
  }

  /** Lets the process end before the timer fires. */
  unref(): this {
    this.#keepsAlive = false
    this.#handle!.unref()
    return this
  }

  #step(left: number): void {
    this.#handle =
      left > STEP
        ? this.#source.set(() => this.#step(this.#due - this.#source.now()), STEP)
        : this.#source.set(this.#callback, Math.max(left, 0))
    if (!this.#keepsAlive) this.#handle.unref()
  }
}

/** Calls back once after `ms`, on the monotonic clock. No wait is too long. */
export function after(ms: number, callback: () => void, source = SYSTEM): Timer {
  return new Timer(ms, callback, source)
}

/** Resolves after `ms`, or as soon as the signal aborts. Leaves no timer and no listener behind. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal?.aborted) return resolve()
    const end = (): void => {
      timer.cancel()
      signal?.removeEventListener('abort', end)
      resolve()
    }
    const timer = after(ms, end)
    signal?.addEventListener('abort', end)
  })
}
