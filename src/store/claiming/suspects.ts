import type { ClaimedJob } from '../../job/job.ts'
import { MAX_CRASHES } from '../../job/limits.ts'

/** Milliseconds between two jobs that are put off together, so that they come one by one. */
const PUT_OFF = 10
/** Most milliseconds that a job is put off for how long the one before it has taken so far. */
const LONGEST_PUT_OFF = 1_000

/** Whether the next crash of a job would be its last. */
export function isSuspect({ crashes }: Pick<ClaimedJob, 'crashes'>): boolean {
  return crashes >= MAX_CRASHES - 1
}

/**
 * Lets jobs whose next crash would be their last run one at a time: if the process dies under two of
 * them, the one that is not to blame would be dead with the other.
 */
export class Suspects {
  readonly #now: number
  /** Since when one of them runs. */
  #since: number | undefined
  #putOff = 0

  constructor(since: number | undefined, now: number) {
    this.#since = since
    this.#now = now
  }

  /** Until when a job has to wait for another one; undefined when nothing is in its way. */
  waitsUntil(job: ClaimedJob): number | undefined {
    if (this.#since === undefined || !isSuspect(job)) return undefined
    this.#putOff += 1
    const taken = Math.min(Math.max(0, this.#now - this.#since), LONGEST_PUT_OFF)
    // Short ones so follow each other soon, and nobody asks often after a long one.
    return this.#now + taken + this.#putOff * PUT_OFF
  }

  /** A job is claimed. */
  started(job: ClaimedJob): void {
    if (isSuspect(job)) this.#since ??= this.#now
  }
}
