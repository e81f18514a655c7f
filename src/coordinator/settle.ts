import { backoffDelay, DEFAULT_BACKOFF } from '../job/backoff.ts'
import type { ClaimedJob, JobError } from '../job/job.ts'
import { MAX_CRASHES, MAX_DELAY } from '../job/limits.ts'
import type { Outcome, Settlement } from '../job/outcome.ts'
import type { Policy } from '../job/policy.ts'
import type { Terms } from '../pool/pool.ts'

const CANCELLED: JobError = { name: 'CancelledError', message: 'cancelled' }

/** Decides what becomes of a job after a run: every retry in helve is decided here. */
export function settlement(
  outcome: Outcome,
  job: ClaimedJob,
  policy: Policy,
  now: number,
  random: () => number,
): Settlement {
  switch (outcome.type) {
    case 'completed':
      return { to: 'completed' }
    case 'failed':
      if (outcome.permanent) return { to: 'dead', charge: 'attempt', error: outcome.error }
      return retry(outcome.error, outcome.retryAt)
    case 'timedOut':
      return retry({ name: 'TimeoutError', message: `ran longer than ${outcome.timeout} ms` })
    case 'lost': {
      const error = { name: 'LostError', message: outcome.reason }
      if (job.crashes + 1 >= MAX_CRASHES) return { to: 'dead', charge: 'crash', error }
      // Due from now on, and so behind what is due already.
      return { to: 'queued', runAt: now, charge: 'crash', error }
    }
    case 'snoozed': {
      const runAt = now + outcome.delay
      if (runAt - job.createdAt <= policy.maxAge) {
        return { to: 'queued', runAt, charge: 'nothing', error: null }
      }
      const message = `snoozed beyond its maxAge of ${policy.maxAge} ms`
      return { to: 'dead', charge: 'nothing', error: { name: 'MaxAgeError', message } }
    }
    case 'cancelled':
      return { to: 'dead', charge: 'nothing', error: CANCELLED }
    case 'released':
      return { to: 'queued', runAt: now + (outcome.delay ?? 0), charge: 'nothing', error: null }
  }

  function retry(error: JobError, at?: number): Settlement {
    if (job.attempt >= (job.maxAttempts ?? policy.maxAttempts))
      return { to: 'dead', charge: 'attempt', error }
    // The receiver of a delivery, say, asks for a pause: that does not shorten the backoff.
    const runAt = Math.max(at ?? 0, now + delay(job, policy, error, random))
    return { to: 'queued', runAt: Math.min(runAt, now + MAX_DELAY), charge: 'attempt', error }
  }
}

/** How a job is to be run: what it says itself goes before what its kind says. */
export function termsOf(job: ClaimedJob, policy: Policy, most: number): Terms {
  return {
    maxAttempts: job.maxAttempts ?? policy.maxAttempts,
    timeout: job.overrides?.timeout ?? policy.timeout,
    grace: policy.grace,
    alone: policy.alone || job.crashes > 0,
    most,
  }
}

function delay(job: ClaimedJob, policy: Policy, error: JobError, random: () => number): number {
  const backoff = job.overrides?.backoff ?? policy.backoff
  if (typeof backoff !== 'function') return backoffDelay(backoff, job.attempt, random)
  try {
    const own = backoff(job.attempt, error)
    if (Number.isFinite(own) && own >= 0) return Math.round(own)
  } catch {
    // A host's mistake in its backoff must not keep a job from being settled.
  }
  return backoffDelay(DEFAULT_BACKOFF, job.attempt, random)
}
