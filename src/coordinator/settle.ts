import { backoffDelay, DEFAULT_BACKOFF } from '../job/backoff.ts'
import type { ClaimedJob, JobError } from '../job/job.ts'
import { MAX_CRASHES, MAX_DELAY } from '../job/limits.ts'
import type { Outcome, Rerun, Move } from '../job/outcome.ts'
import type { Policy } from '../job/policy.ts'
import { synchronous } from '../job/synchronous.ts'
import type { Terms } from '../pool/pool.ts'
import type { QueueClock } from '../store/timeline.ts'

const CANCELLED: JobError = { name: 'CancelledError', message: 'cancelled' }

/** What the decisions of a turn depend on besides the runs. */
export interface Circumstances {
  /** The moment of the queue. */
  now: number
  clock: Pick<QueueClock, 'timeOf'>
  /** Gives a number in [0, 1), for jitter. */
  random: () => number
  /** Called for a mistake in the host's own functions. */
  onMistake: (error: unknown, during: string) => void
}

type Around = Circumstances & { policy: Policy }

/** What becomes of a job after a run. */
export interface Decision {
  move: Move
  /** What becomes of the job instead, if a submission was folded in during the run. */
  rerun: Rerun
}

type Unsuccessful = Exclude<Outcome, { type: 'completed' }>
type Unfinished = Exclude<Move, { to: 'completed' }>

/** The decision for almost every job; all such jobs share one object. */
const COMPLETED: Decision = { move: { to: 'completed' }, rerun: { crashes: 0, error: null } }

/** Decides what becomes of a job after a run: every retry, rerun and death is decided here. */
export function decide(
  outcome: Outcome,
  job: ClaimedJob,
  policy: Policy,
  turn: Circumstances,
): Decision {
  if (outcome.type === 'completed') return COMPLETED
  const move = moveOf(outcome, job, { ...turn, policy })
  const { error } = move
  return { move, rerun: { crashes: crashesAfter(outcome, job), error } }
}

/**
 * The crashes that a rerun keeps on record: folded submissions must not let a job that kills its
 * thread each time run for ever.
 */
function crashesAfter({ type }: Outcome, { crashes }: ClaimedJob): number {
  return Math.min(type === 'lost' ? crashes + 1 : crashes, MAX_CRASHES - 1)
}

function moveOf(outcome: Unsuccessful, job: ClaimedJob, around: Around): Unfinished {
  const { policy, now } = around
  switch (outcome.type) {
    case 'failed':
      if (outcome.permanent) return { to: 'dead', charge: 'attempt', error: outcome.error }
      return retry(job, outcome.error, around, outcome.retryAt)
    case 'timedOut': {
      const error = { name: 'TimeoutError', message: `ran longer than ${outcome.timeout} ms` }
      return retry(job, error, around)
    }
    case 'lost': {
      const error = { name: 'LostError', message: outcome.reason }
      if (job.crashes + 1 >= MAX_CRASHES) return { to: 'dead', charge: 'crash', error }
      // The job is due from now on, and so comes behind jobs that are due already.
      return { to: 'queued', runAt: now, charge: 'crash', error, backingOff: false }
    }
    case 'snoozed': {
      const runAt = now + outcome.delay
      if (runAt - job.since <= policy.maxAge) return uncharged(runAt)
      const message = `snoozed beyond its maxAge of ${policy.maxAge} ms`
      return { to: 'dead', charge: 'nothing', error: { name: 'MaxAgeError', message } }
    }
    case 'held':
      return uncharged(job.group === null ? now + outcome.trip.delay : job.runAt)
    case 'cancelled':
      return { to: 'dead', charge: 'nothing', error: CANCELLED }
    case 'released':
      return uncharged(now + (outcome.delay ?? 0))
  }
}

function uncharged(runAt: number): Unfinished {
  return { to: 'queued', runAt, charge: 'nothing', error: null, backingOff: false }
}

/** @param at epoch milliseconds before which the job must not run again */
function retry(job: ClaimedJob, error: JobError, around: Around, at?: number): Unfinished {
  const { policy, now, clock } = around
  if (job.attempt >= (job.maxAttempts ?? policy.maxAttempts)) {
    return { to: 'dead', charge: 'attempt', error }
  }
  // A handler's error may ask for a wait (for the receiver of a delivery, say). Such a wait never
  // shortens the backoff.
  const asked = at === undefined ? now : clock.timeOf(at)
  const runAt = Math.max(now + backoff(job, error, around), asked)
  return {
    ...{ to: 'queued', runAt: Math.min(runAt, now + MAX_DELAY), charge: 'attempt', error },
    backingOff: true,
  }
}

/** How to run a job: the options of the job itself go before the options of its kind. */
export function termsOf(job: ClaimedJob, policy: Policy, most: number): Terms {
  return {
    maxAttempts: job.maxAttempts ?? policy.maxAttempts,
    timeout: job.overrides?.timeout ?? policy.timeout,
    grace: policy.grace,
    alone: policy.alone || job.crashes > 0,
    most,
  }
}

function backoff(job: ClaimedJob, error: JobError, around: Around): number {
  const { policy, random, onMistake } = around
  const given = job.overrides?.backoff ?? policy.backoff
  if (typeof given !== 'function') return backoffDelay(given, job.attempt, random)
  try {
    const own = synchronous(given(job.attempt, error))
    if (typeof own === 'number' && own >= 0 && own < Infinity) return Math.round(own)
    throw new TypeError(`expected milliseconds, got ${String(own)}`)
  } catch (mistake) {
    // A host's mistake in its backoff must not keep a job from being settled.
    onMistake(mistake, `the backoff of kind ${job.kind}, in whose place the default is taken`)
  }
  return backoffDelay(DEFAULT_BACKOFF, job.attempt, random)
}
