import type { JobOverrides, JobState, RecordedError } from '../../../src/job/job.ts'
import type { Kind, Payload } from './kinds.ts'

/** A job as it has to be. Times are moments of the queue, except for those marked as wall time. */
export interface Job {
  id: number
  kind: Kind
  payload: Payload
  key: string | null
  group: string | null
  /** Whether it is known to which group the job belongs, or that it belongs to none. */
  filed: boolean
  priority: number
  maxAttempts: number | null
  overrides: JobOverrides | null
  state: JobState
  attempts: number
  crashes: number
  folds: number
  runAt: number
  /** Wall time: the job is also due as soon as the wall clock shows this time. */
  wallAt: number | null
  /** The job has failed, and waits for its retry. */
  backingOff: boolean
  /** Wall time. */
  createdAt: number
  /** The `maxAge` of the job counts from this moment on. */
  since: number
  startedAt: number | null
  diedAt: number | null
  errors: Failure[]
  /** The earliest `runAt` that was folded in while the job runs, at least 1; 0 if none was. */
  rerun: number
  /** The token of the job's claim. */
  token: number | undefined
  /** This process has claimed the job, and not an earlier process. */
  isOwn: boolean
  /** A thread runs the job: the job takes a slot. */
  onThread: boolean
  /** Somebody has cancelled the run that goes on. */
  cancelled: boolean
  /** I4: the submissions for which no run has started yet, with their payload or a newer one. */
  owed: number[]
}

/** A job keeps so many of its errors, the newest ones. */
const KEPT_ERRORS = 10
export const MAX_CRASHES = 3

/** What the model knows of an error. */
export type Failure = Pick<RecordedError, 'name' | 'at' | 'attempt'>

export function isLive({ state }: Job): boolean {
  return state !== 'dead'
}

/** Whether the job's next crash would be its last. */
export function isSuspect({ crashes }: Pick<Job, 'crashes'>): boolean {
  return crashes === MAX_CRASHES - 1
}

/** The order in which jobs run: by priority, time and id. */
export function precedes(a: Job, b: Job): boolean {
  return (a.priority - b.priority || a.runAt - b.runAt || a.id - b.id) < 0
}

/** Adds an error to the errors of a job. */
export function record(job: Job, name: string, at: number): void {
  const failure = { name, at, attempt: job.attempts }
  job.errors = [...job.errors, failure].slice(-KEPT_ERRORS)
}

/** The earlier of two moments that may be missing. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
