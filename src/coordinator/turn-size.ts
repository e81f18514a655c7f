/** Most settles and enqueues of one turn together, and most claims. */
export const MOST_ROWS = 1_000
/** Least rows of a turn: a turn of fewer rows is no shorter, since its sync costs the same. */
const LEAST_ROWS = 64
/**
 * How many rows the next turn may have. The turns before have shown how many rows fit into the time
 * of a turn, on this disk and with these payloads.
 */
export class TurnSize {
  readonly #target: number
  #rows = MOST_ROWS

  /** @param target milliseconds for which a turn may hold the event loop of the host */
  constructor(target: number) {
    this.#target = target
  }

  get rows(): number {
    return this.#rows
  }

  /** @param held milliseconds for which the last turn held the event loop */
  learn(held: number): void {
    const fits = held > this.#target ? this.#rows * (this.#target / held) : this.#rows * 1.1 + 1
    this.#rows = Math.round(Math.min(MOST_ROWS, Math.max(LEAST_ROWS, fits)))
  }
}
