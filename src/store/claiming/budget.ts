import type { KindTerms } from '../admission.ts'
import { Bucket } from './bucket.ts'
import type { ClaimSource } from './source.ts'

/** Costs are fractions: their sums are not exact. */
export const SLACK = 1e-9

/** What a kind may still claim in a turn. */
export class KindBudget {
  readonly terms: KindTerms
  readonly #source: ClaimSource
  readonly #kind: string
  readonly #now: number
  readonly #bucket: Bucket | undefined
  readonly #groups = new Map<string, GroupBudget>()
  #room: number

  constructor(source: ClaimSource, kind: string, terms: KindTerms, now: number) {
    this.#source = source
    this.#kind = kind
    this.#now = now
    this.terms = terms
    this.#room = terms.room + SLACK
    if (terms.rate && !terms.held) this.#bucket = new Bucket(source, kind, '', terms.rate, now)
  }

  get room(): number {
    return this.#room
  }

  /** The moment from which the kind has a token. */
  get freeAt(): number {
    return this.#bucket?.freeAt ?? 0
  }

  get isFull(): boolean {
    return this.terms.cost > this.#room
  }

  /** What the kind may still take of its lane's reserve. */
  get reserve(): number {
    const taken = this.terms.room === Infinity ? 0 : this.terms.room + SLACK - this.#room
    return Math.max(0, this.terms.reserve + SLACK - taken)
  }

  mayStart(now: number): boolean {
    return !this.terms.held && !this.isFull && this.freeAt <= now
  }

  /** Takes the room and the token of one job. */
  take(): void {
    this.#room -= this.terms.cost
    this.#bucket?.take()
  }

  group(name: string): GroupBudget {
    let group = this.#groups.get(name)
    if (group === undefined) {
      group = new GroupBudget(this.#source, this.#kind, name, this.terms, this.#now)
      this.#groups.set(name, group)
    }
    return group
  }
}

/** What a group may still claim in a turn: derived from running jobs, so that no slot can leak. */
export class GroupBudget {
  readonly #bucket: Bucket | undefined
  readonly #paused: boolean
  /** Until then its breaker is open. */
  readonly #openUntil: number
  #left: number

  constructor(source: ClaimSource, kind: string, name: string, terms: KindTerms, now: number) {
    const { groupConcurrency, groupRate, paused } = terms
    const breaker = terms.breakers.get(name)
    const room = Math.min(groupConcurrency, breaker?.room ?? Infinity)
    this.#left = room - source.running(kind, name)
    this.#openUntil = breaker?.until ?? 0
    this.#paused = paused.has(name)
    if (groupRate) this.#bucket = new Bucket(source, kind, name, groupRate, now)
  }

  /** The moment from which a job of the group may start; null while the group is paused or full. */
  get freeAt(): number | null {
    if (this.#paused || this.#left <= 0) return null
    return Math.max(this.#openUntil, this.#bucket?.freeAt ?? 0)
  }

  take(): void {
    this.#left -= 1
    this.#bucket?.take()
  }
}
