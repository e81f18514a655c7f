import type { Clock } from './clock.ts'

/** The wall clock may be set while a timer runs: the timer looks at least this often, in ms. */
const LONGEST_WAIT = 60_000

/** The coordinator's one timer: the next due job, or the idle poll if that comes first. */
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

  /** @param due on the queue's time; Infinity when nothing is waiting for its time */
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
