import type { Breaker } from '../job/breaker.ts'
import { groupOfEndpoint } from '../job/endpoint.ts'
import type { ClaimedJob, JobError } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { Policy } from '../job/policy.ts'
import type { QueueClock } from '../store/timeline.ts'
import type { BreakerChange } from '../store/turn.ts'
import { afterRun, type Around, type GroupRun, type Trouble } from './breaker-step.ts'
import type { Run, Runs } from './runs.ts'
import { Troubles } from './troubles.ts'

/** A change that the present turn makes. The change holds once its cause has been written. */
interface Change {
  kind: string
  group: string
  after: Trouble | undefined
  /** The claim that ends, or the command: the very object that the turn has. */
  cause: object
}

/** What counting depends on besides the run. */
type TurnFacts = Pick<Around, 'now' | 'random'>

/** A breaker as claims see it. */
interface Gate {
  until: number
  room: number
}

/**
 * The breakers of the groups. The coordinator of the runtime that owns the queue decides about
 * them, and the store only keeps them.
 */
export class Breakers {
  readonly #runs: Runs
  #kept = new Troubles()
  /** Changes of the present turn, in their order. */
  #changes: Change[] = []
  /** What these changes have come to, by {@link nameOf} the group. */
  readonly #present = new Map<string, Trouble | undefined>()
  /** Claims of failing groups whose runs end in the present turn. */
  readonly #ending = new Set<ClaimedJob>()

  constructor(runs: Runs) {
    this.#runs = runs
  }

  /** Takes over the breakers that the store has kept. */
  load(breakers: readonly Breaker[]): void {
    this.#kept = new Troubles()
    for (const breaker of breakers) {
      const { kind, group, failures, since } = breaker
      const trouble = { inARow: failures, window: since, runs: failures, failed: failures, breaker }
      this.#kept.set(kind, group, trouble)
    }
  }

  /** The breaker of a group; undefined while it is closed. */
  get(kind: string, group: string): Breaker | undefined {
    return this.#trouble(kind, group)?.breaker
  }

  /** The groups of a kind, with the gates of their breakers. */
  of(kind: string): { get(group: string): Gate | undefined } {
    return { get: (group) => this.#gate(kind, group) }
  }

  /**
   * Counts a run that has ended, for the group of its job and for the endpoint that the run is in.
   *
   * @returns the breakers to write
   */
  ended(run: Run, outcome: Outcome, policy: Policy, turn: TurnFacts): BreakerChange[] {
    const around = { ...turn, options: policy.breaker }
    const changes = [
      this.#ofGroup(run, outcome, { ...around, most: policy.groupConcurrency }),
      this.#ofEndpoint(run, outcome, { ...around, most: policy.endpointConcurrency }),
    ]
    return changes.filter((change) => change !== undefined)
  }

  #ofGroup(run: Run, outcome: Outcome, around: Around): BreakerChange | undefined {
    const { job, since: began, endpoint } = run
    const { kind, group } = job
    if (group === null) return undefined
    if (this.#trouble(kind, group) !== undefined) this.#ending.add(job)
    // The endpoint has failed, and not this group in particular.
    const error = endpoint && isUnreachable(outcome) ? undefined : errorOf(outcome)
    const isWell = outcome.type === 'completed'
    const trip = 'trip' in outcome ? outcome.trip : undefined
    return this.#counted({ kind, group, error, isWell, trip, began }, job, around)
  }

  #ofEndpoint({ job, endpoint }: Run, outcome: Outcome, around: Around): BreakerChange | undefined {
    if (endpoint?.since === undefined) return undefined
    const error = isUnreachable(outcome) ? errorOf(outcome) : undefined
    // Whatever else went wrong, the endpoint was there.
    const isWell = !error && (outcome.type === 'completed' || outcome.type === 'failed')
    const group = groupOfEndpoint(endpoint.name)
    const about = { kind: job.kind, group, error, isWell, trip: undefined, began: endpoint.since }
    return this.#counted(about, job, around)
  }

  #counted(run: GroupRun, job: ClaimedJob, around: Around): BreakerChange | undefined {
    const { kind, group } = run
    const before = this.#trouble(kind, group)
    const saysNothing = run.error === undefined && !run.isWell
    const isFine = run.isWell && before === undefined
    if (run.trip === undefined && (saysNothing || isFine)) return undefined
    const after = afterRun(before, run, around)
    if (after === before) return undefined
    this.#change({ kind, group, after, cause: job })
    return after?.breaker === before?.breaker
      ? undefined
      : { group, breaker: after?.breaker ?? null }
  }

  /** Closes a breaker by hand. */
  close(command: { kind: string; group: string }): void {
    const { kind, group } = command
    if (this.get(kind, group) === undefined) return
    this.#change({ kind, group, after: undefined, cause: command })
  }

  /** Ends the turn: keeps the changes whose cause has been written, and drops the other changes. */
  settle(isWritten: (cause: object) => boolean): void {
    this.#ending.clear()
    this.#present.clear()
    for (const { kind, group, after, cause } of this.#changes.splice(0)) {
      if (isWritten(cause)) this.#kept.set(kind, group, after)
    }
  }

  #change(change: Change): void {
    this.#changes.push(change)
    this.#present.set(nameOf(change.kind, change.group), change.after)
  }

  #trouble(kind: string, group: string): Trouble | undefined {
    const name = nameOf(kind, group)
    return this.#present.has(name) ? this.#present.get(name) : this.#kept.get(kind, group)
  }

  /** Runs that began before the breaker opened take no room from the job that tries the group. */
  #gate(kind: string, group: string): Gate | undefined {
    const breaker = this.get(kind, group)
    if (breaker === undefined) return undefined
    const earlier = this.#runs.countOf(({ job, since }) => {
      return (
        job.kind === kind &&
        job.group === group &&
        since <= breaker.opened &&
        !this.#ending.has(job)
      )
    })
    return { until: breaker.until, room: breaker.room + earlier }
  }
}

/** No kind has a space in its name. */
function nameOf(kind: string, group: string): string {
  return `${kind} ${group}`
}

/** A breaker as people see it, with moments of the wall clock. */
export function inWallTime(breaker: Breaker, clock: Pick<QueueClock, 'wallOf'>): Breaker {
  const { since, opened, until } = breaker
  const moments = { since: clock.wallOf(since), opened: clock.wallOf(opened) }
  return { ...breaker, ...moments, until: clock.wallOf(until) }
}

function isUnreachable(outcome: Outcome): boolean {
  return outcome.type === 'failed' && outcome.unreachable === true
}

/** The error that counts against the group; undefined for an outcome that does not count. */
function errorOf(outcome: Outcome): JobError | undefined {
  if (outcome.type === 'failed') return outcome.error
  if (outcome.type !== 'timedOut') return undefined
  return { name: 'TimeoutError', message: `ran longer than ${outcome.timeout} ms` }
}
