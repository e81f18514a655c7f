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
  readonly #now: number
  readonly #bucket: Bucket | undefined
  readonly #groups = new Map<string, GroupBudget>()
  #room: number

  constructor(statements: QueueStatements, kind: string, terms: KindTerms, now: number) {
    this.#statements = statements
    this.#kind = kind
    this.#now = now
    this.terms = terms
    this.#room = terms.room + SLACK
    if (terms.rate) this.#bucket = new Bucket(statements, kind, '', terms.rate, now)
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

  /** What it may take of its lane's reserve. */
  get reserve(): number {
    const taken = this.terms.room === Infinity ? 0 : this.terms.room + SLACK - this.#room
    return Math.max(0, this.terms.reserve + SLACK - taken)
  }

  mayStart(now: number): boolean {
    return !this.isFull && this.freeAt <= now
  }

  /** Takes what a job of it takes. */
  take(): void {
    this.#room -= this.terms.cost
    this.#bucket?.take()
  }

  group(name: string): GroupBudget {
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = new GroupBudget(this.#statements, this.#kind, name, this.terms, this.#now)
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

  constructor(
    statements: QueueStatements,
    kind: string,
    name: string,
    terms: KindTerms,
    now: number,
  ) {
    const { groupConcurrency, groupRate, paused } = terms
    const running = statements.groupRunning.get(kind, name) as number
    this.#left = groupConcurrency - running
    this.#paused = paused.has(name)
    if (groupRate) this.#bucket = new Bucket(statements, kind, name, groupRate, now)
  }

  /** Epoch ms from which a job of it may start; null as long as something else has to happen. */
  get freeAt(): number | null {
    if (this.#paused || this.#left <= 0) return null
    return this.#bucket?.freeAt ?? 0
  }

  take(): void {
    this.#left -= 1
    this.#bucket?.take()
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
  readonly #isNew: boolean
  readonly #now: number
  /** When it would have been full before anything was taken; or now, if it is. */
  readonly #before: number
  #full: number
  #taken = 0

  constructor(statements: QueueStatements, kind: string, group: string, rate: Rate, now: number) {
    this.#statements = statements
    this.#key = [kind, group]
    this.#rate = rate
    const spent = statements.spent.get(kind, group) as number | undefined
    this.#isNew = spent === undefined
    this.#now = now
    this.#full = spentAt(now, rate, spent)
    if (spent !== undefined && spent > this.#full) statements.spend.run(kind, group, this.#full)
    this.#before = Math.max(this.#full, now)
  }

  get freeAt(): number {
    return freeAt(this.#full, this.#rate)
  }

  take(): void {
    this.#taken += 1
    // At once: epoch milliseconds have little room for fractions, and sums of them add up errors.
    this.#full = this.#before + (this.#taken * this.#rate.per) / this.#rate.limit
    this.#statements.spend.run(...this.#key, this.#full)
    if (this.#isNew && this.#taken === 1) this.#statements.forgetSpent.run(this.#now)
  }
}

/** When a bucket is full again. It is never more than empty, though the clock was set back. */
export function spentAt(now: number, { per }: Rate, full = 0): number {
  return Math.min(full, now + per)
}

/** When a bucket has a token, in whole epoch milliseconds. */
export function freeAt(full: number, { limit, per }: Rate): number {
  // Without what floating point has added to a moment that is whole: some 1e-4 for each turn.
  return Math.ceil(full + per / limit - per - 0.1)
}
