import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { isSuspect } from '../store/claiming/suspects.ts'

/** A job that has been claimed and not settled. */
export interface Run {
  job: ClaimedJob
  /** The moment of the turn that claimed the job. */
  since: number
  /** The `runOnce` call that waits for the settling. */
  once: ((ran: boolean) => void) | undefined
  /** Whether somebody has cancelled the job. */
  isCancelled: boolean
}

/** What runs: the one place where the coordinator keeps it. */
export class Runs {
  /** By id of the job. */
  readonly #running = new Map<number, Run>()
  /** The run of a job whose next crash would be its last: there is one at a time. */
  #suspect: Run | undefined
  /** Runs that have ended: put back since they were interrupted, and otherwise. */
  readonly #ends = { released: 0, completed: 0 }

  get size(): number {
    return this.#running.size
  }

  /** Runs that go on, and those that have ended so far. */
  get tally(): { running: number; released: number; completed: number } {
    return { running: this.#running.size, ...this.#ends }
  }

  begin(job: ClaimedJob, now: number): void {
    const run = { job, since: now, once: undefined, isCancelled: false }
    this.#running.set(job.id, run)
    if (isSuspect(job)) this.#suspect = run
  }

  /** The run of the job with this id. */
  of(id: number): Run | undefined {
    return this.#running.get(id)
  }

  /** Whether the job has another run by now than the one of this claim. */
  isAnother({ id, token }: ClaimedJob): boolean {
    const run = this.#running.get(id)
    return run !== undefined && run.job.token !== token
  }

  /** Forgets the run of a job, and gives it; undefined for a claim of the process before. */
  end({ id }: ClaimedJob): Run | undefined {
    const run = this.#running.get(id)
    this.#running.delete(id)
    if (this.#suspect === run) this.#suspect = undefined
    return run
  }

  /** Counts a run that has ended, and is on record. */
  count({ type }: Outcome): void {
    this.#ends[type === 'released' ? 'released' : 'completed'] += 1
  }

  /** Since when a suspect runs whose end is not among these. */
  suspectBeside(endings: readonly { job: ClaimedJob }[]): number | undefined {
    const suspect = this.#suspect
    const ends = endings.some(({ job }) => job.token === suspect?.job.token)
    return ends ? undefined : suspect?.since
  }
}
