import type { BackoffOptions } from './backoff.ts'

/** `queued`, `running` or `dead`; the row of a completed job is deleted. */
export type JobState = 'queued' | 'running' | 'dead'

/** One failure of a job, as kept with it. */
export interface JobError {
  name: string
  /** At most 8 KiB. */
  message: string
  /** At most 8 KiB. */
  stack?: string
  code?: string
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
  createdAt: number
  /** Epoch milliseconds of the claim; `null` unless running. */
  startedAt: number | null
  /** Epoch milliseconds since when the job is dead; `null` unless it is. */
  diedAt: number | null
  /** The newest ten, oldest first. */
  errors: RecordedError[]
}

/** A submission that passed the door: everything checked, the payload turned into JSON. */
export interface NewJob {
  kind: string
  /** JSON. */
  payload: string
  dedupeKey: string | null
  priority: number
  group: string | null
  /** Epoch milliseconds. */
  runAt: number
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
  createdAt: number
  /** Epoch milliseconds since when it has been due. */
  runAt: number
  overrides: JobOverrides | null
}
