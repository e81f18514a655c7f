import type { ClaimedJob } from '../../job/job.ts'
import { MAX_CRASHES } from '../../job/limits.ts'

/** Milliseconds between suspects that are put off together, so that they become due one by one. */
const PUT_OFF = 10
/** A wait includes the time that the running suspect has taken so far, up to these milliseconds. */
const LONGEST_PUT_OFF = 1_000

/** Whether the next crash of a job would be its last. */
export function isSuspect({ crashes }: Pick<ClaimedJob, 'crashes'>): boolean {
  return crashes >= MAX_CRASHES - 1
}

/**
 * Lets suspects (jobs whose next crash would be their last) run one at a time. If the process died
 * under two of them, the suspect that is not to blame would be dead with the other suspect.
 */
export class Suspects {
  readonly #now: number
  /** Since when a suspect runs; undefined if none runs. */
  #since: number | undefined
  #putOff = 0

  constructor(since: number | undefined, now: number) {
    this.#since = since
    this.#now = now
  }

  /** Until when a suspect has to wait for another suspect; undefined for a job that may start. */
  waitsUntil(job: ClaimedJob): number | undefined {
    if (this.#since === undefined || !isSuspect(job)) return undefined
    this.#putOff += 1
    const taken = Math.min(Math.max(0, this.#now - this.#since), LONGEST_PUT_OFF)
    // So a short run is followed soon by the next suspect, and nobody asks often during a long run.
    return this.#now + taken + this.#putOff * PUT_OFF
  }

  /** A job is claimed. */
  started(job: ClaimedJob): void {
    if (isSuspect(job)) this.#since ??= this.#now
  }
}
