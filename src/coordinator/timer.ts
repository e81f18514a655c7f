import type { Clock } from './clock.ts'

/** Most milliseconds of one wait: somebody may set the wall clock while the timer runs. */
const LONGEST_WAIT = 60_000

/**
 * The coordinator's one timer: for the next due job, or for the idle poll if the poll is earlier.
 */
export class WakeTimer {
  readonly #clock: Clock
  readonly #idle: number
  readonly #onWake: () => void
  #cancel: (() => void) | undefined

  constructor(clock: Clock, idle: number, onWake: () => void) {
    this.#clock = clock
    this.#idle = idle
    this.#onWake = onWake
  }

  /** @param due a moment of the queue; Infinity when no job waits for its time */
  arm(due: number): void {
    this.disarm()
    const wait = Math.min(Math.max(due - this.#clock.now(), 0), this.#idle, LONGEST_WAIT)
    this.#cancel = this.#clock.after(wait, this.#onWake)
  }

  disarm(): void {
    this.#cancel?.()
    this.#cancel = undefined
  }
}
