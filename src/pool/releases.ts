import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'

/** Releases in a row without a pause. The next release brings the first pause. */
const AT_ONCE = 3
/** Milliseconds of the first pause; doubled each time. */
const PAUSE = 1_000
const MOST_PAUSE = 60_000
/** How many jobs, the latest ones, are remembered. */
const MOST_JOBS = 1_000

/**
 * Pauses a job that is released again and again. A release costs the job nothing, so nothing else
 * would ever end the row of releases.
 */
export class Releases {
  /** By id: releases in a row. */
  readonly #rows = new Map<number, number>()

  /** The outcome of a run, with a pause after many releases in a row. */
  after({ id }: ClaimedJob, outcome: Outcome): Outcome {
    const before = this.#rows.get(id) ?? 0
    this.#rows.delete(id)
    if (outcome.type !== 'released' || outcome.delay !== undefined) return outcome
    this.#rows.set(id, before + 1)
    if (this.#rows.size > MOST_JOBS) this.#rows.delete(this.#rows.keys().next().value!)
    if (before < AT_ONCE) return outcome
    return { ...outcome, delay: Math.min(PAUSE * 2 ** (before - AT_ONCE), MOST_PAUSE) }
  }
}
