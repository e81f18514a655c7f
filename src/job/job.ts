import type { BackoffOptions } from './backoff.ts'

/** `queued`, `running` or `dead`; the row of a completed job is deleted. */
export type JobState = 'queued' | 'running' | 'dead'

/**
 * One failure of a job, as kept with the job. All `cause`, `errors` and `fields` together hold at
 * most 16 KiB of text, and 16 errors in 5 levels. The rest is left out.
 */
export interface JobError {
  name: string
  /** At most 8 KiB. */
  message: string
  /** At most 8 KiB. */
  stack?: string
  code?: string
  /** The other own enumerable fields of the error that are plain data. */
  fields?: Record<string, unknown>
  /** The cause of the error. */
  cause?: JobError
  /** The errors of an `AggregateError`. */
  errors?: JobError[]
}

/** A {@link JobError} with its time and its attempt. */
export interface RecordedError extends JobError {
  /** Epoch milliseconds. */
  at: number
  attempt: number
}

/** A job as the store keeps it, and as `get` and `list` return it. */
export interface JobRecord {
  id: number
  kind: string
  payload: unknown
  dedupeKey: string | null
  state: JobState
  /** Lower runs first. */
  priority: number
  /**
   * Attempts spent: by the runs that failed by their own doing, and by the run that goes on now.
   */
  attempts: number
  /** Jobs of a kind with the same group share a limit; `null` for no group. */
  group: string | null
  /** `null`: the kind's policy decides. */
  maxAttempts: number | null
  /** How often a thread or the process died while it ran the job. */
  crashes: number
  /** Submissions that were folded into this job through its dedupe key. */
  folds: number
  /** Epoch milliseconds before which the job is not claimed. */
  runAt: number
  /**
   * Epoch milliseconds at which the job is due again, because a submission was folded in while the
   * job runs; `null` if none was.
   */
  rerunAt: number | null
  /** Whether the job has failed, and waits until `runAt` for its retry. */
  isBackingOff: boolean
  createdAt: number
  /** Epoch milliseconds of the claim; `null` unless running. */
  startedAt: number | null
  /** Epoch milliseconds at which the job became dead; `null` unless it is dead. */
  diedAt: number | null
  /** The newest ten errors, oldest first. */
  errors: RecordedError[]
}

/** A submission that was checked, with its payload as JSON. */
export interface NewJob {
  kind: string
  /** JSON. */
  payload: string
  dedupeKey: string | null
  priority: number
  /**
   * Undefined where the producer does not know the kind's policy: the runtime finds the group
   * before the job runs.
   */
  group: string | null | undefined
  /** Moment of the queue from which the job is due; `NEVER` if `wallAt` alone decides. */
  runAt: number
  /**
   * Epoch milliseconds: the job is due as soon as the wall clock shows this time. `null` for a
   * delay, and for a time that has passed.
   */
  wallAt: number | null
  maxAttempts: number | null
  /** Options of the job that override its kind's policy; `null` if there are none. */
  overrides: JobOverrides | null
}

/** The options of a policy that a single job may override. */
export interface JobOverrides {
  backoff?: BackoffOptions
  timeout?: number
}

/** The result of a submission. */
export interface EnqueueResult {
  /** The job that runs the submission: a new job, or the job that the submission folded into. */
  id: number
  /** True when the submission folded into a queued or running job with the same dedupe key. */
  deduped: boolean
  /** The state of the job when the submission was written. */
  state: 'queued' | 'running'
}

/** A job between its claim and its settle. */
export interface ClaimedJob {
  id: number
  /** Identifies the claim: a settle with another token changes nothing. */
  token: number
  kind: string
  /** JSON, as stored: the main thread never parses it. */
  payload: string
  dedupeKey: string | null
  priority: number
  group: string | null
  /** The number of this attempt; 1 is the first. */
  attempt: number
  maxAttempts: number | null
  crashes: number
  /** Epoch milliseconds. */
  createdAt: number
  /** Moment of the queue from which the `maxAge` of the job counts. */
  since: number
  /** Moment of the queue since which the job has been due. */
  runAt: number
  overrides: JobOverrides | null
}
