import type { ClaimedJob } from '../job/job.ts'

/** The port of those who run the jobs of a queue: one at a time may. */
export interface Membership {
  /**
   * Becomes the one owner. Resolves to the jobs that are `running` although the process that ran
   * them is gone, by the turns that claimed them, and by priority and id.
   *
   * @throws HelveError `HELVE_ERR_OWNED` when another process, or this one, owns the file
   */
  own(now: number): Promise<ClaimedJob[]>
  /** Gives ownership back. */
  disown(): Promise<void>
  /** A job may still be running: the file is owned until the process ends, even when it is closed. */
  keep(): void
  /** The process that owns the file, if it lives; undefined if nobody does, or that is not known. */
  owner(): Promise<number | undefined>
}
