import type { JobOverrides, JobState, RecordedError } from '../../../src/job/job.ts'
import type { Kind, Payload } from './kinds.ts'

/** A job as it has to be. Moments are of the queue's time, but for those that say otherwise. */
export interface Job {
  id: number
  kind: Kind
  payload: Payload
  key: string | null
  group: string | null
  /** Whether somebody has said to which group it belongs, or that it belongs to none. */
  filed: boolean
  priority: number
  maxAttempts: number | null
  overrides: JobOverrides | null
  state: JobState
  attempts: number
  crashes: number
  folds: number
  runAt: number
  /** Wall time: it is due as soon as the wall clock shows that, too. */
  wallAt: number | null
  /** It has failed, and waits for its retry. */
  backingOff: boolean
  /** Wall time. */
  createdAt: number
  /** Its `maxAge` counts from then on. */
  since: number
  startedAt: number | null
  diedAt: number | null
  errors: Failure[]
  /** The earliest `runAt` of what was folded in while it runs, which is 1 at least; 0 for nothing. */
  rerun: number
  /** Of its claim. */
  token: number | undefined
  /** This process has claimed it, and not one before. */
  isOwn: boolean
  /** A thread runs it: it takes a slot. */
  onThread: boolean
  /** Somebody has cancelled the run that goes on. */
  cancelled: boolean
  /** I4: the submissions whose payload, or a newer one, no run has started with. */
  owed: number[]
}

/** The newest ones. */
const KEPT_ERRORS = 10
export const MAX_CRASHES = 3

/** What the model knows of an error. */
export type Failure = Pick<RecordedError, 'name' | 'at' | 'attempt'>

export function isLive({ state }: Job): boolean {
  return state !== 'dead'
}

/** Whether its next crash would be its last. */
export function isSuspect({ crashes }: Pick<Job, 'crashes'>): boolean {
  return crashes === MAX_CRASHES - 1
}

/** The order in which jobs run: by priority, time and id. */
export function precedes(a: Job, b: Job): boolean {
  return (a.priority - b.priority || a.runAt - b.runAt || a.id - b.id) < 0
}

/** One more thing has gone wrong with it. */
export function record(job: Job, name: string, at: number): void {
  const failure = { name, at, attempt: job.attempts }
  job.errors = [...job.errors, failure].slice(-KEPT_ERRORS)
}

/** The earlier of two moments that may be missing. */
export function earlier(a: number | null, b: number | null): number | null {
  if (a === null || b === null) return a ?? b
  return Math.min(a, b)
}
