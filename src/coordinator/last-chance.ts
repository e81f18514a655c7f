import type { ClaimedJob } from '../job/job.ts'
import { MAX_CRASHES } from '../job/limits.ts'
import type { Outcome } from '../job/outcome.ts'

/** Milliseconds between two jobs that are put off together, so that they come one by one. */
const PUT_OFF = 10
/** Most milliseconds that a job is put off for how long the one before it has taken so far. */
const LONGEST_PUT_OFF = 1_000

/**
 * Lets jobs whose next crash would be their last run one at a time: if the process dies under two of
 * them, the one that is not to blame would be dead with the other.
 */
export class LastChance {
  #holder: { id: number; since: number } | undefined
  /** Jobs that the latest turn has put off. */
  #putOff = 0

  beginTurn(): void {
    this.#putOff = 0
  }

  /** Undefined if the job may run; else the way back to the queue. */
  take({ id, crashes }: ClaimedJob, now: number): Outcome | undefined {
    if (crashes < MAX_CRASHES - 1) return undefined
    if (this.#holder !== undefined) return this.#outcome(this.#holder.since, now)
    this.#holder = { id, since: now }
    return undefined
  }

  free(id: number): void {
    if (this.#holder?.id === id) this.#holder = undefined
  }

  /** Short ones so follow each other soon, and nobody asks often after a long one. */
  #outcome(since: number, now: number): Outcome {
    this.#putOff += 1
    const taken = Math.min(Math.max(0, now - since), LONGEST_PUT_OFF)
    const reason = 'another job runs whose next crash would be its last, too'
    return { type: 'released', reason, delay: taken + this.#putOff * PUT_OFF }
  }
}

/**
 * What has become of jobs that were `running` when their process ended.
 *
 * @param jobs in the order in which they were claimed: of those with a last chance, only the first
 *   one had begun; the others were about to be put off
 */
export function orphaned(jobs: ClaimedJob[]): { job: ClaimedJob; outcome: Outcome }[] {
  const lastChance = new LastChance()
  return jobs.map((job) => {
    const lost = { type: 'lost', reason: 'the process that ran it ended' } as const
    return { job, outcome: lastChance.take(job, 0) ?? lost }
  })
}
