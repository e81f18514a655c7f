import type { ClaimedJob } from '../job/job.ts'

/** The port of those who run the jobs of a queue: one at a time may. */
export interface Membership {
  /**
   * Becomes the one owner. Resolves to the jobs that are `running` although the process that ran
   * them is gone, by the turns that claimed them, and by priority and id.
   *
   * @throws HelveError `HELVE_ERR_OWNED` when another process, or this one, owns the file
   */
  join(now: number): Promise<ClaimedJob[]>
  /**
   * Lets others have the queue.
   *
   * @param isOver false when a job may still be running: the queue is then this process's own until
   *   the process ends, even when the store is closed. @default true
   */
  leave(isOver?: boolean): Promise<void>
  /** The process that owns the file, if it lives; undefined if nobody does, or that is not known. */
  owner(): Promise<number | undefined>
}
