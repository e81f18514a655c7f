import type { ClaimedJob } from '../job/job.ts'

/** The port for running the jobs of a queue: one owner at a time may run them. */
export interface Membership {
  /**
   * Becomes the one owner. Resolves to the jobs that are `running` although the process that ran
   * them is gone. The jobs come in the order of the turns that claimed them, then of priority and
   * id.
   *
   * @throws HelveError `HELVE_ERR_OWNED` when another process, or this one, owns the file
   */
  join(now: number): Promise<ClaimedJob[]>
  /**
   * Gives up the queue, so that others can own it.
   *
   * @param isOver false when a job may still be running: this process then owns the queue until the
   *   process ends, even when the store is closed. @default true
   */
  leave(isOver?: boolean): Promise<void>
  /**
   * Id of the living process that owns the file; undefined if no process does, or none is known.
   */
  owner(): Promise<number | undefined>
}
