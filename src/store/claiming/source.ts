import type { ClaimedJob, NewJob } from '../../job/job.ts'
import type { Queue } from '../admission.ts'
import type { UnfiledJob } from '../turn.ts'

/** A queued job that could be claimed. */
export interface Candidate {
  /** The job as it will be when it is claimed. */
  job: ClaimedJob
  /** Since when the job is due. */
  runAt: number
}

/** A group that has a queued job, and may be due. */
export interface ReadyGroup {
  group: string
  /** Since when the group waits for its turn. */
  since: number
  /** Its place among the groups of the same `since`. */
  served: number
}

/**
 * What the claims of one turn need of a store. All of it happens inside the turn's transaction.
 * Each queue has a lower bound of the time at which its next job is due, and so has each group of a
 * queue. A bound may be too low: whoever looks at the queue corrects the bound.
 */
export interface ClaimSource {
  /**
   * The queues whose bound is not above the turn's time, and the queues of `jobs`, which may start
   * as they are written. Each queue comes once.
   */
  due(jobs: readonly NewJob[]): Queue[]
  /**
   * The due jobs of a queue that have no group, in the order `run_at, id`: `limit` at most, and no
   * more once their payloads exceed `bytes` characters.
   *
   * @param filed whether jobs whose group is not known yet are left out
   */
  jobs(queue: Queue, limit: number, bytes: number, filed: boolean): Candidate[]
  /** Groups of a queue whose bound is not above the turn's time, in the order of their round. */
  ready(queue: Queue, limit: number): ReadyGroup[]
  /** The first queued job of a group, due or not. */
  head(queue: Queue, group: string): Candidate | undefined
  /** When the first queued job of a group is due; undefined when the group has none. */
  headTime(queue: Queue, group: string): number | undefined
  /**
   * When the first job without a group is due, or the first group whose bound is above `looked`.
   */
  earliest(queue: Queue, looked: number): number
  /** How many jobs of a group run. */
  running(kind: string, group: string): number
  /** When the bucket of a kind (group `''`) or a group is full again; undefined for a new one. */
  spent(kind: string, group: string): number | undefined
  /**
   * Queued jobs of a kind whose group is not known yet, due or not, in the order `run_at, id`:
   * `limit` at most, and no more once their payloads exceed `bytes` characters.
   */
  unfiled(kind: string, limit: number, bytes: number): UnfiledJob[]
  /** Moves these jobs to `running`. */
  claim(jobs: readonly ClaimedJob[]): void
  /** Puts a job off until a moment. */
  postpone(job: ClaimedJob, until: number): void
  /**
   * Sets the bound of a group, and its place in the round. With null, only an event frees the
   * group, such as the end of one of its runs, or a command.
   */
  serve(queue: Queue, group: string, readyAt: number | null, served: number): void
  /** Forgets a group that has no queued job. */
  leave(queue: Queue, group: string): void
  /** Stores when a bucket is full again. */
  spend(kind: string, group: string, full: number, isNew: boolean): void
  /** Sets the bound of a queue. With null, only an event such as a command frees the queue. */
  bound(queue: Queue, readyAt: number | null): void
}
