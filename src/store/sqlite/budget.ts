import type { Rate } from '../../job/policy.ts'
import type { KindTerms } from '../store.ts'
import type { QueueStatements } from './statements.ts'

/** Costs are fractions: their sums are not exact. */
export const SLACK = 1e-9

/** What a kind may still claim in a turn. */
export class KindBudget {
  readonly terms: KindTerms
  readonly #statements: QueueStatements
  readonly #kind: string
  readonly #bucket: Bucket | undefined
  readonly #groups = new Map<string, GroupBudget>()
  #room: number

  constructor(statements: QueueStatements, kind: string, terms: KindTerms) {
    this.#statements = statements
    this.#kind = kind
    this.terms = terms
    this.#room = terms.room + SLACK
    if (terms.rate) this.#bucket = new Bucket(statements, kind, '', terms.rate)
  }

  get room(): number {
    return this.#room
  }

  /** Epoch ms from which it has a token. */
  get freeAt(): number {
    return this.#bucket?.freeAt ?? 0
  }

  get isFull(): boolean {
    return this.terms.cost > this.#room
  }

  mayStart(now: number): boolean {
    return !this.isFull && this.freeAt <= now
  }

  /** Takes what a job of it takes. */
  take(now: number): void {
    this.#room -= this.terms.cost
    this.#bucket?.take(now)
  }

  group(name: string): GroupBudget {
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = new GroupBudget(this.#statements, this.#kind, name, this.terms)
      this.#groups.set(name, group)
    }
    return group
  }
}

/** What a group may still claim in a turn: derived from what runs, so that nothing can leak. */
export class GroupBudget {
  readonly #bucket: Bucket | undefined
  readonly #paused: boolean
  #left: number

  constructor(statements: QueueStatements, kind: string, name: string, terms: KindTerms) {
    const { groupConcurrency, groupRate, paused } = terms
    const running = statements.groupRunning.get(kind, name) as number
    this.#left = groupConcurrency - running
    this.#paused = paused.has(name)
    if (groupRate) this.#bucket = new Bucket(statements, kind, name, groupRate)
  }

  /** Epoch ms from which a job of it may start; null as long as something else has to happen. */
  get freeAt(): number | null {
    if (this.#paused || this.#left <= 0) return null
    return this.#bucket?.freeAt ?? 0
  }

  take(now: number): void {
    this.#left -= 1
    this.#bucket?.take(now)
  }
}

/**
 * A token bucket as one number, the moment at which it would be full again (the generic cell rate
 * algorithm, https://en.wikipedia.org/wiki/Generic_cell_rate_algorithm).
 */
class Bucket {
  readonly #statements: QueueStatements
  readonly #key: [kind: string, group: string]
  readonly #rate: Rate
  #full: number

  constructor(statements: QueueStatements, kind: string, group: string, rate: Rate) {
    this.#statements = statements
    this.#key = [kind, group]
    this.#rate = rate
    this.#full = (statements.spent.get(kind, group) as number | undefined) ?? 0
  }

  get freeAt(): number {
    return freeAt(this.#full, this.#rate)
  }

  take(now: number): void {
    this.#full = Math.max(this.#full, now) + this.#rate.per / this.#rate.limit
    this.#statements.spend.run(...this.#key, this.#full)
  }
}

/** When a bucket has a token, in whole epoch milliseconds. */
export function freeAt(full: number, { limit, per }: Rate): number {
  // Without what floating point has added to a moment that is whole.
  return Math.ceil(full + per / limit - per - 1e-4)
}
