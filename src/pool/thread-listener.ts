import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { HandOff } from './hand-off.ts'
import type { WorkerThread } from './worker-thread.ts'

/** What a thread tells its lane. */
export interface ThreadListener {
  /** `took` is undefined when the thread did not get to say. */
  settled(job: ClaimedJob, outcome: Outcome, took: number | undefined): void
  /** These were handed to it, and it never started them. */
  returned(jobs: HandOff[]): void
  /** It could take a hand-off that it could not take before. */
  freed(thread: WorkerThread): void
  message(thread: WorkerThread, message: unknown): void
  /** It runs jobs side by side, and has some now. */
  busy(thread: WorkerThread): void
  /** Its event loop is held, by the code of that job if it is anybody's. */
  stalled(thread: WorkerThread, job: ClaimedJob | undefined, heldMs: number): void
  resumed(thread: WorkerThread, heldMs: number): void
  /** It has been set up: it could take hand-offs. */
  up(thread: WorkerThread, kinds: readonly string[] | undefined): void
  down(thread: number, reason: string): void
  stuck(job: ClaimedJob, reason: string): void
}
