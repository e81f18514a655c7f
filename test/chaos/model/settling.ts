import type { BackoffOptions } from '../../../src/job/backoff.ts'
import { MAX_DELAY } from '../../../src/job/limits.ts'
import type { Charge, Outcome, Move } from '../../../src/job/outcome.ts'
import type { Policy } from '../../../src/job/policy.ts'
import type { ManualClock } from '../../support/manual-clock.ts'
import { MAX_CRASHES, record, type Job } from './job.ts'

/** `again`: queued afresh, since a submission folded in while the job ran. */
export type End = Move['to'] | 'again'

/** What becomes of a job after a run, if no submission folded in while it ran. */
interface Verdict {
  to: Move['to']
  charge: Charge
  /** Name of the error. */
  error?: string
  runAt?: number
  backingOff?: boolean
}

/** Ends a run: a completed job is gone, every other job is queued or dead. */
export function settle(job: Job, outcome: Outcome, policy: Policy, clock: ManualClock): End {
  const { to, charge, error, ...next } = verdictOf(job, outcome, policy, clock)
  if (error !== undefined) record(job, error, clock.wall())
  if (job.rerun !== 0) return again(job, outcome, clock)
  if (to === 'completed') return to
  if (charge !== 'attempt') job.attempts -= 1
  if (charge === 'crash') job.crashes += 1
  Object.assign(job, { state: to, startedAt: null, token: undefined, ...next })
  if (to === 'dead') job.diedAt = clock.now()
  return to
}

function verdictOf(job: Job, outcome: Outcome, policy: Policy, clock: ManualClock): Verdict {
  const now = clock.now()
  switch (outcome.type) {
    case 'completed':
      return { to: 'completed', charge: 'attempt' }
    case 'failed': {
      const error = outcome.error.name
      if (outcome.permanent) return { to: 'dead', charge: 'attempt', error }
      return retry(error, outcome.retryAt === undefined ? now : clock.timeOf(outcome.retryAt))
    }
    case 'timedOut':
      return retry('TimeoutError', now)
    case 'lost': {
      const to = job.crashes + 1 >= MAX_CRASHES ? 'dead' : 'queued'
      return { to, charge: 'crash', error: 'LostError', ...(to === 'queued' && { runAt: now }) }
    }
    case 'snoozed': {
      const runAt = now + outcome.delay
      if (runAt - job.since <= policy.maxAge) return { to: 'queued', charge: 'nothing', runAt }
      return { to: 'dead', charge: 'nothing', error: 'MaxAgeError' }
    }
    case 'held':
      throw new Error('held: the model knows no breakers')
    case 'cancelled':
      return { to: 'dead', charge: 'nothing', error: 'CancelledError' }
    case 'released':
      return { to: 'queued', charge: 'nothing', runAt: now + (outcome.delay ?? 0) }
  }

  function retry(error: string, asked: number): Verdict {
    const isLast = job.attempts >= (job.maxAttempts ?? policy.maxAttempts)
    if (isLast) return { to: 'dead', charge: 'attempt', error }
    const runAt = Math.min(Math.max(now + backoff(job, policy), asked), now + MAX_DELAY)
    return { to: 'queued', charge: 'attempt', error, runAt, backingOff: true }
  }
}

/** Queues the job for a further run with what was folded in, due at the time of that submission. */
function again(job: Job, { type }: Outcome, clock: ManualClock): End {
  const crashes = Math.min(job.crashes + (type === 'lost' ? 1 : 0), MAX_CRASHES - 1)
  Object.assign(job, {
    ...{ state: 'queued', startedAt: null, token: undefined, attempts: 0 },
    ...{ runAt: job.rerun, rerun: 0, since: clock.now(), createdAt: clock.wall() },
    crashes: type === 'completed' ? 0 : crashes,
  })
  return 'again'
}

/** Milliseconds of backoff, without jitter. */
function backoff({ attempts, overrides }: Job, policy: Policy): number {
  const given = overrides?.backoff ?? (policy.backoff as BackoffOptions)
  const { type, delay = 2_000, maxDelay = 300_000 } = given
  const doublings = type === 'fixed' ? 0 : attempts - 1
  return Math.min(delay * 2 ** doublings, maxDelay)
}
