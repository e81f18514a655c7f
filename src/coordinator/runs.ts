import type { Held } from '../job/endpoint.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { isSuspect } from '../store/claiming/suspects.ts'

/** A job that has been claimed and not settled. */
export interface Run {
  job: ClaimedJob
  /** The moment of the turn that claimed the job. */
  since: number
  /** The `runOnce` call that waits for the settle. */
  once: ((ran: boolean) => void) | undefined
  /**
   * The endpoint that the run is in, since a moment, or wants to enter (undefined); and what the run
   * was told, or will be told.
   */
  endpoint:
    { name: string; since: number | undefined; answer: Promise<Held | undefined> } | undefined
  /** Whether somebody has cancelled the job. */
  isCancelled: boolean
}

/** The runs that go on: the one place where the coordinator keeps them. */
export class Runs {
  /** By id of the job. */
  readonly #running = new Map<number, Run>()
  /** The run of a suspect, a job whose next crash would be its last. Suspects run one at a time. */
  #suspect: Run | undefined
  /** How many runs have ended: `released` ones were interrupted or held, `completed` counts all others. */
  readonly #ends = { released: 0, completed: 0 }

  get size(): number {
    return this.#running.size
  }

  /** The number of runs that go on, and of runs that have ended so far. */
  get tally(): { running: number; released: number; completed: number } {
    return { running: this.#running.size, ...this.#ends }
  }

  begin(job: ClaimedJob, now: number): void {
    const run = { job, since: now, once: undefined, endpoint: undefined, isCancelled: false }
    this.#running.set(job.id, run)
    if (isSuspect(job)) this.#suspect = run
  }

  /** The run of the job with this id. */
  of(id: number): Run | undefined {
    return this.#running.get(id)
  }

  /** How many runs are such. */
  countOf(is: (run: Run) => boolean): number {
    let count = 0
    for (const run of this.#running.values()) if (is(run)) count += 1
    return count
  }

  /** Whether the job now has another run than the run of this claim. */
  isAnother({ id, token }: ClaimedJob): boolean {
    const run = this.#running.get(id)
    return run !== undefined && run.job.token !== token
  }

  /** Forgets the run of a job, and returns the run; undefined for a claim of an earlier process. */
  end({ id }: ClaimedJob): Run | undefined {
    const run = this.#running.get(id)
    this.#running.delete(id)
    if (this.#suspect === run) this.#suspect = undefined
    return run
  }

  /** Counts a run whose settle has been written. */
  count({ type }: Outcome): void {
    const isBack = type === 'released' || type === 'held'
    this.#ends[isBack ? 'released' : 'completed'] += 1
  }

  /** Since when a suspect runs whose ending is not in the list; undefined if there is none. */
  suspectBeside(endings: readonly { job: ClaimedJob }[]): number | undefined {
    const suspect = this.#suspect
    const ends = endings.some(({ job }) => job.token === suspect?.job.token)
    return ends ? undefined : suspect?.since
  }
}
