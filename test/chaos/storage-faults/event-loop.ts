import { runDelay } from '../../support/run-delay.ts'

/** Milliseconds between two looks. */
const TICK = 2

/**
 * Tells for how long the main thread did not get to its events. Time for which the thread waited
 * for a free core is not counted: the machine causes that time, not the thread.
 */
export class EventLoop {
  /** Milliseconds; undefined before anybody watches. */
  longestBlock: number | undefined
  #last = 0
  #delay = 0
  #timer: NodeJS.Timeout | undefined

  /** Watches from now on, and forgets earlier blocks. */
  watch(): void {
    clearTimeout(this.#timer)
    this.longestBlock = 0
    this.#await()
  }

  #await(): void {
    this.#last = performance.now()
    this.#delay = runDelay()
    this.#timer = setTimeout(() => this.#look(), TICK).unref()
  }

  #look(): void {
    const waited = runDelay() - this.#delay
    const block = performance.now() - this.#last - TICK - waited
    this.longestBlock = Math.max(this.longestBlock!, block)
    this.#await()
  }
}
