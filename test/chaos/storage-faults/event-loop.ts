import { readFileSync } from 'node:fs'

/** Milliseconds between two looks. */
const TICK = 2

/**
 * Tells for how long the main thread did not get to its events. The time for which it could have
 * run and no core was free is not counted: that is the machine, and not what the thread does.
 */
export class EventLoop {
  /** Milliseconds. */
  longestBlock = 0
  #last = performance.now()
  #delay = runDelay()

  watch(): void {
    this.longestBlock = 0
    this.#last = performance.now()
    this.#delay = runDelay()
    setTimeout(() => this.#look(), TICK).unref()
  }

  #look(): void {
    const [now, delay] = [performance.now(), runDelay()]
    const block = now - this.#last - TICK - (delay - this.#delay)
    this.longestBlock = Math.max(this.longestBlock, block)
    this.#last = now
    this.#delay = delay
    setTimeout(() => this.#look(), TICK).unref()
  }
}

/** Milliseconds for which the main thread has waited for a core so far, where the system tells. */
function runDelay(): number {
  try {
    return Number(readFileSync('/proc/self/schedstat', 'latin1').split(' ')[1]) / 1e6
  } catch {
    return 0
  }
}
