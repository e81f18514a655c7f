/** Settles and enqueues of one turn at the most, and as many claims. */
export const MOST_ROWS = 1_000
/** And at the least: below that, a turn is no shorter, since its sync costs the same. */
const LEAST_ROWS = 64
/** Milliseconds for which a turn may hold the event loop of the host. */
const TARGET = 4

/**
 * How many rows the next turn may have: as many as the last ones showed to fit into their time,
 * on this disk and with these payloads.
 */
export class TurnSize {
  #rows = MOST_ROWS

  get rows(): number {
    return this.#rows
  }

  /** @param took milliseconds */
  learn(took: number): void {
    const fits = took > TARGET ? this.#rows * (TARGET / took) : this.#rows * 1.1 + 1
    this.#rows = Math.round(Math.min(MOST_ROWS, Math.max(LEAST_ROWS, fits)))
  }
}
