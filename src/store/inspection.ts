import type { Breaker } from '../job/breaker.ts'
import type { JobRecord, JobState } from '../job/job.ts'
import type { Pause } from '../job/pause.ts'
import type { Rate } from '../job/rate.ts'
import type { Queue } from './admission.ts'

/** The port for looking at the queue: none of its verbs changes anything. */
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
   * Where a job stands; undefined when no job has this id.
   *
   * @param rivals returns the queues that compete with the job
   */
  standing(
    id: number,
    now: number,
    rivals: (job: JobRecord, backlog: Queue[]) => Queue[],
  ): Promise<Standing | undefined>
}

/** Milliseconds after which a new owner forgets the breaker of a group that has no jobs left. */
export const FORGOTTEN_AFTER = 24 * 60 * 60 * 1_000

/** Where a job stands. */
export interface Standing {
  job: JobRecord
  pauses: Pause[]
  /** Due jobs that come before the job in the queues of `rivals`; 10,000 at the most. */
  ahead: number
  /** Ids of the running jobs of its group: 10,000 at the most. */
  groupRunning: number[]
  /** Id of another live job that holds the dedupe key; undefined if no other job holds it. */
  keyHolder: number | undefined
  /** Epoch milliseconds from which its kind has a token of this rate. */
  kindFreeAt: (rate: Rate) => number
  /** Epoch milliseconds from which its group has a token of this rate. */
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
 * jobs with a group come after queued jobs without one. A page whose payloads come to 4 MiB ends
 * early.
 */
export interface Page {
  jobs: JobRecord[]
  /** The `after` of the next page; undefined on the last page. */
  next?: string
}

/** How many jobs there are, by kind and state. The store keeps counters, and never counts rows. */
export type Counts = Record<string, Record<JobState, number>>
