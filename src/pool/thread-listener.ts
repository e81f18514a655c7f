import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { HandOff } from './hand-off.ts'

/** What a thread tells its lane. */
export interface ThreadListener {
  /** `took` is undefined when the thread did not get to say. */
  settled(job: ClaimedJob, outcome: Outcome, took: number | undefined): void
  /** These were handed to it, and it never started them. */
  returned(jobs: HandOff[]): void
  /** It could take a hand-off that it could not take before. */
  freed(): void
  message(message: unknown): void
  /** It has jobs now. */
  busy(): void
  /**
   * It has been set up: it could take hand-offs.
   *
   * @param kinds those of its handlers module, if it says so
   */
  up(kinds: readonly string[] | undefined): void
  down(thread: number, reason: string): void
  stuck(job: ClaimedJob, reason: string): void
}
