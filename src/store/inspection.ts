import type { Breaker } from '../job/breaker.ts'
import type { JobRecord, JobState } from '../job/job.ts'
import type { Pause } from '../job/pause.ts'
import type { Rate } from '../job/rate.ts'
import type { Queue } from './admission.ts'

/** The port of those who look at the queue: nothing in it changes anything. */
export interface Inspection {
  get(id: number): Promise<JobRecord | undefined>
  list(query: ListQuery): Promise<Page>
  counts(): Promise<Counts>
  /** The `runAt` of the job that has been due for longest; undefined when none is due. */
  oldestDue(now: number): Promise<number | undefined>
  pauses(): Promise<Pause[]>
  /** The breakers that are not closed, with moments of the queue. */
  breakers(): Promise<Breaker[]>
  /**
   * Where a job stands; undefined when there is none.
   *
   * @param rivals the queues that compete with it
   */
  standing(
    id: number,
    now: number,
    rivals: (job: JobRecord, backlog: Queue[]) => Queue[],
  ): Promise<Standing | undefined>
}

/** Where a job stands. */
export interface Standing {
  job: JobRecord
  pauses: Pause[]
  /** Due jobs that come before it in the queues that were asked for; 10,000 at the most. */
  ahead: number
  /** Ids of the jobs of its group that run: 10,000 at the most. */
  groupRunning: number[]
  /** Id of the live job that holds its dedupe key; undefined if none does, or it is the job itself. */
  keyHolder: number | undefined
  /** Epoch milliseconds from which its kind has a token of this rate. */
  kindFreeAt: (rate: Rate) => number
  /** The same for its group. */
  groupFreeAt: (rate: Rate) => number
}

/** Which jobs to list. */
export interface ListQuery {
  /** @default all */
  state?: JobState
  /** @default all */
  kind?: string
  /** {@link Page.next} of the page before. */
  after?: string
  /** Jobs of a page at most, 1 to 1000. @default 100 */
  limit?: number
}

/**
 * Some jobs, ordered by state (running, queued, dead), kind, and then priority, time and id; queued
 * jobs with a group come after those without. A page whose payloads come to 4 MiB ends early.
 */
export interface Page {
  jobs: JobRecord[]
  /** Pass it as `after` for the next page; undefined on the last one. */
  next?: string
}

/** How many jobs there are, by kind and state: kept in counters, never counted. */
export type Counts = Record<string, Record<JobState, number>>
