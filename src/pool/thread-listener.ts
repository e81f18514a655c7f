import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { Assignment } from './assignment.ts'

/** What a thread tells its lane. */
export interface ThreadListener {
  /** `took` is undefined when the thread did not get to report it. */
  settled(job: ClaimedJob, outcome: Outcome, took: number | undefined): void
  /** The lane handed these jobs to the thread, and the thread never started them. */
  returned(jobs: Assignment[]): void
  /** The thread could take a hand-off that it could not take before. */
  freed(): void
  message(message: unknown): void
  /** The thread has jobs now. */
  busy(): void
  /**
   * The thread has been set up, and could take hand-offs.
   *
   * @param kinds the kinds of the handlers module; undefined if the thread does not tell them
   */
  up(kinds: readonly string[] | undefined): void
  down(thread: number, reason: string): void
  stuck(job: ClaimedJob, reason: string): void
}
