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
  /** When the bucket is full if this turn takes nothing; the present moment if it is full now. */
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

  /** The moment from which the bucket has a token. */
  get freeAt(): number {
    return freeAt(this.#full, this.#rate)
  }

  take(): void {
    this.#taken += 1
    // The sum is computed anew each time: epoch milliseconds have little room for fractions, and
    // repeated additions add up errors.
    this.#full = this.#before + (this.#taken * this.#rate.per) / this.#rate.limit
    this.#source.spend(...this.#key, this.#full, this.#isNew && this.#taken === 1)
  }
}

/**
 * When a bucket is full again. A bucket is never more than empty, even after a change of its rate.
 */
export function spentAt(now: number, { per }: Rate, full = 0): number {
  return Math.min(full, now + per)
}

/** When a bucket has a token, in whole milliseconds. */
export function freeAt(full: number, { limit, per }: Rate): number {
  // The 0.1 takes away what floating point has added to a whole moment: some 1e-4 for each turn.
  return Math.ceil(full + per / limit - per - 0.1)
}
