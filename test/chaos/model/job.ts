import type { JobOverrides, JobState } from '../../../src/job/job.ts'
import { groupOfRepo, type Kind, type Payload } from './kinds.ts'

/** A job as it has to be. */
export interface Job {
  id: number
  kind: Kind
  payload: Payload
  key: string | null
  /** As it is written; see {@link groupOf}. */
  group: string | null
  priority: number
  maxAttempts: number | null
  overrides: JobOverrides | null
  state: JobState
  attempts: number
  crashes: number
  folds: number
  runAt: number
  createdAt: number
  startedAt: number | null
  diedAt: number | null
  errors: Failure[]
  /** A submission came while it ran. */
  rerun: boolean
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
export const KEPT_ERRORS = 10

export interface Failure {
  name: string
  at: number
  attempt: number
}

/** A kind may give a group to those that wait without one. */
export function groupOf({ kind, group, payload, state }: Job): string | null {
  const given = kind === 'filed' && state === 'queued' ? groupOfRepo(payload.repo) : null
  return group ?? given
}

export function isLive({ state }: Job): boolean {
  return state !== 'dead'
}

/** The order in which jobs run: by priority, time and id. */
export function precedes(a: Job, b: Job): boolean {
  return (a.priority - b.priority || a.runAt - b.runAt || a.id - b.id) < 0
}
