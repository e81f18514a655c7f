import type { Breaker } from '../job/breaker.ts'
import type { ClaimedJob, JobError } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { Policy } from '../job/policy.ts'
import type { QueueClock } from '../store/timeline.ts'
import { afterRun, type Trouble } from './breaker-step.ts'

/** Groups of a kind about which something is kept, and whose breaker is closed. */
const MOST_TROUBLED = 10_000

const NONE: ReadonlyMap<string, Trouble> = new Map()

/** A change that the present turn writes. */
interface Change {
  kind: string
  group: string
  before: Trouble | undefined
  after: Trouble | undefined
}

/** The breakers of the groups, as the coordinator knows them: the store only keeps them. */
export class Breakers {
  readonly #kinds = new Map<string, Map<string, Trouble>>()
  #changes: Change[] = []

  /** Takes over what the store has kept. */
  load(breakers: readonly Breaker[]): void {
    for (const breaker of breakers) {
      const { kind, group, failures, since } = breaker
      const trouble = { inARow: failures, window: since, runs: failures, failed: failures, breaker }
      this.#of(kind).set(group, trouble)
    }
  }

  get(kind: string, group: string): Breaker | undefined {
    return this.#kinds.get(kind)?.get(group)?.breaker
  }

  /** The groups of a kind with their breakers, by name. */
  of(kind: string): { get(group: string): Breaker | undefined } {
    const groups = this.#kinds.get(kind) ?? NONE
    return { get: (group) => groups.get(group)?.breaker }
  }

  /**
   * Counts a run that has ended.
   *
   * @returns the breaker to write, `null` for one that is closed, undefined where nothing changes
   */
  ended(
    { kind, group }: ClaimedJob,
    outcome: Outcome,
    { breaker: options, groupConcurrency }: Policy,
    around: { now: number; random: () => number },
  ): Breaker | null | undefined {
    if (group === null) return undefined
    const trip = 'trip' in outcome ? outcome.trip : undefined
    const before = this.#kinds.get(kind)?.get(group)
    const isWell = outcome.type === 'completed'
    if (isWell && before === undefined && trip === undefined) return undefined
    const error = errorOf(outcome)
    if (error === undefined && !isWell && trip === undefined) return undefined
    const run = { kind, group, error, trip }
    const after = afterRun(before, run, { options, groupConcurrency, ...around })
    return this.#change({ kind, group, before, after })
  }

  /** Closes a breaker by hand. */
  close(kind: string, group: string): void {
    const before = this.#kinds.get(kind)?.get(group)
    if (before !== undefined) this.#change({ kind, group, before, after: undefined })
  }

  /** The end of a run has not been written, as something that rides along was refused. */
  refused({ kind, group }: ClaimedJob): void {
    const change = this.#changes.findLast((one) => one.kind === kind && one.group === group)
    if (change !== undefined) this.#set(change.kind, change.group, change.before)
  }

  /** The turn is written: what it has changed holds. */
  committed(): void {
    this.#changes = []
  }

  /** Nothing of the turn is written. */
  takeBack(): void {
    for (const { kind, group, before } of this.#changes.splice(0).toReversed()) {
      this.#set(kind, group, before)
    }
  }

  #change(change: Change): Breaker | null | undefined {
    const { kind, group, before, after } = change
    if (after === before) return undefined
    this.#changes.push(change)
    this.#set(kind, group, after)
    if (after?.breaker === before?.breaker) return undefined
    return after?.breaker ?? null
  }

  #set(kind: string, group: string, trouble: Trouble | undefined): void {
    const groups = this.#of(kind)
    if (trouble === undefined) groups.delete(group)
    else groups.set(group, trouble)
    if (groups.size > MOST_TROUBLED) this.#forgetOldest(groups)
  }

  #forgetOldest(groups: Map<string, Trouble>): void {
    for (const [group, { breaker }] of groups) {
      if (breaker !== undefined) continue
      groups.delete(group)
      return
    }
  }

  #of(kind: string): Map<string, Trouble> {
    const groups = this.#kinds.get(kind) ?? new Map<string, Trouble>()
    this.#kinds.set(kind, groups)
    return groups
  }
}

/** A breaker as people see it: its moments are those of the wall clock. */
export function inWallTime(breaker: Breaker, clock: Pick<QueueClock, 'wallOf'>): Breaker {
  const { since, until } = breaker
  return { ...breaker, since: clock.wallOf(since), until: clock.wallOf(until) }
}

/** What speaks against the group; undefined for an end that says nothing of it. */
function errorOf(outcome: Outcome): JobError | undefined {
  if (outcome.type === 'failed') return outcome.error
  if (outcome.type !== 'timedOut') return undefined
  return { name: 'TimeoutError', message: `ran longer than ${outcome.timeout} ms` }
}
