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

  /** @param claimed the jobs of a turn: the first of them by priority and id may run, unless another does */
  beginTurn(claimed: readonly ClaimedJob[], now: number): void {
    this.#putOff = 0
    if (this.#holder !== undefined) return
    const [first] = claimed
      .filter(hasLastChance)
      .sort((a, b) => a.priority - b.priority || a.id - b.id)
    if (first !== undefined) this.#holder = { id: first.id, since: now }
  }

  /** Undefined if the job may run; else the way back to the queue. */
  take(job: ClaimedJob, now: number): Outcome | undefined {
    if (!hasLastChance(job) || this.#holder === undefined || this.#holder.id === job.id) {
      return undefined
    }
    return this.#outcome(this.#holder.since, now)
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

function hasLastChance({ crashes }: ClaimedJob): boolean {
  return crashes >= MAX_CRASHES - 1
}

/**
 * What has become of jobs that were `running` when their process ended.
 *
 * @param jobs by the turns that claimed them, and by priority and id: of those with a last chance,
 *   only the first one had begun; the others were about to be put off
 */
export function orphaned(jobs: ClaimedJob[]): { job: ClaimedJob; outcome: Outcome }[] {
  const lastChance = new LastChance()
  lastChance.beginTurn(jobs.filter(hasLastChance).slice(0, 1), 0)
  return jobs.map((job) => {
    const lost = { type: 'lost', reason: 'the process that ran it ended' } as const
    return { job, outcome: lastChance.take(job, 0) ?? lost }
  })
}
