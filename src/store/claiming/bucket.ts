import type { Rate } from '../../job/rate.ts'
import type { ClaimSource } from './source.ts'

/**
 * A token bucket as one number, the moment at which it would be full again (the generic cell rate
 * algorithm, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm).
 */
export class Bucket {
  readonly #source: ClaimSource
  readonly #key: [kind: string, group: string]
  readonly #rate: Rate
  readonly #isNew: boolean
  /** When it would have been full before anything was taken; or now, if it is. */
  readonly #before: number
  #full: number
  #taken = 0

  constructor(source: ClaimSource, kind: string, group: string, rate: Rate, now: number) {
    this.#source = source
    this.#key = [kind, group]
    this.#rate = rate
    const spent = source.spent(kind, group)
    this.#isNew = spent === undefined
    this.#full = spentAt(now, rate, spent)
    this.#before = Math.max(this.#full, now)
  }

  /** The moment from which it has a token. */
  get freeAt(): number {
    return freeAt(this.#full, this.#rate)
  }

  take(): void {
    this.#taken += 1
    // At once: epoch milliseconds have little room for fractions, and sums of them add up errors.
    this.#full = this.#before + (this.#taken * this.#rate.per) / this.#rate.limit
    this.#source.spend(...this.#key, this.#full, this.#isNew && this.#taken === 1)
  }
}

/** When a bucket is full again. It is never more than empty, though its rate has changed. */
export function spentAt(now: number, { per }: Rate, full = 0): number {
  return Math.min(full, now + per)
}

/** When a bucket has a token, in whole milliseconds. */
export function freeAt(full: number, { limit, per }: Rate): number {
  // Without what floating point has added to a moment that is whole: some 1e-4 for each turn.
  return Math.ceil(full + per / limit - per - 0.1)
}
