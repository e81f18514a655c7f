import type { BackoffOptions } from './backoff.ts'

/** `queued`, `running` or `dead`; the row of a completed job is deleted. */
export type JobState = 'queued' | 'running' | 'dead'

/**
 * One failure of a job, as kept with it. `cause`, `errors` and `fields` of the whole have 16 KiB of
 * text together, and 16 errors in 5 levels: the rest is left out.
 */
export interface JobError {
  name: string
  /** At most 8 KiB. */
  message: string
  /** At most 8 KiB. */
  stack?: string
  code?: string
  /** The error's other own enumerable fields that are plain data. */
  fields?: Record<string, unknown>
  /** The error that the handler's own was made of. */
  cause?: JobError
  /** The errors of an `AggregateError`. */
  errors?: JobError[]
}

/** A {@link JobError} with when it happened and in which run. */
export interface RecordedError extends JobError {
  /** Epoch milliseconds. */
  at: number
  attempt: number
}

/** A job as the store keeps it, and as `get` and `list` give it. */
export interface JobRecord {
  id: number
  kind: string
  payload: unknown
  dedupeKey: string | null
  state: JobState
  /** Lower runs first. */
  priority: number
  /** Runs that were charged: those that started and failed by their own doing, and the one now running. */
  attempts: number
  /** Jobs of a kind that share a limit; `null` for none. */
  group: string | null
  /** `null`: the kind's policy decides. */
  maxAttempts: number | null
  /** How often a thread or the process died under it. */
  crashes: number
  /** Submissions that were folded into this job through its dedupe key. */
  folds: number
  /** Epoch milliseconds: not claimed before. */
  runAt: number
  /**
   * Epoch milliseconds from which a submission is owed a run that was folded in while the job runs;
   * `null` when none is.
   */
  rerunAt: number | null
  /** Whether it has failed, and waits for its retry until `runAt`. */
  isBackingOff: boolean
  createdAt: number
  /** Epoch milliseconds of the claim; `null` unless running. */
  startedAt: number | null
  /** Epoch milliseconds since when the job is dead; `null` unless it is. */
  diedAt: number | null
  /** The newest ten, oldest first. */
  errors: RecordedError[]
}

/** A submission that was accepted: everything checked, the payload turned into JSON. */
export interface NewJob {
  kind: string
  /** JSON. */
  payload: string
  dedupeKey: string | null
  priority: number
  /** Undefined where nobody knew what the kind says: the runtime finds out before the job runs. */
  group: string | null | undefined
  /** On the queue's time: due from then on; `NEVER` leaves that to `wallAt`. */
  runAt: number
  /** Epoch milliseconds: due as soon as the wall clock shows that. `null` for a delay. */
  wallAt: number | null
  maxAttempts: number | null
  /** What this job sets against its kind's policy; `null` when it sets nothing. */
  overrides: JobOverrides | null
}

/** The parts of a policy that a single job may set for itself. */
export interface JobOverrides {
  backoff?: BackoffOptions
  timeout?: number
}

/** What became of a submission. */
export interface EnqueueResult {
  /** The job that will run it: a new one, or the one it was folded into. */
  id: number
  /** True when a queued or running job with the same dedupe key took the submission in. */
  deduped: boolean
  /** The state of that job at this moment. */
  state: 'queued' | 'running'
}

/** A job between its claim and its settling. */
export interface ClaimedJob {
  id: number
  /** Fences the settling: a settle with another token changes nothing. */
  token: number
  kind: string
  /** JSON, as stored: the main thread never parses it. */
  payload: string
  dedupeKey: string | null
  priority: number
  group: string | null
  /** Counts this run. */
  attempt: number
  maxAttempts: number | null
  crashes: number
  /** Epoch milliseconds. */
  createdAt: number
  /** On the queue's time: since when its `maxAge` counts. */
  since: number
  /** On the queue's time: since when it has been due. */
  runAt: number
  overrides: JobOverrides | null
}
