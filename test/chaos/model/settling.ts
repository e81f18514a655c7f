import type { Outcome } from '../../../src/job/outcome.ts'
import type { BackoffOptions } from '../../../src/job/backoff.ts'
import type { Policy } from '../../../src/job/policy.ts'
import { KEPT_ERRORS, type Job } from './job.ts'

const MAX_CRASHES = 3

/** Whether its next crash would be its last. */
export function hasLastChance({ crashes }: { crashes: number }): boolean {
  return crashes === MAX_CRASHES - 1
}

/** `again`: queued afresh, since a submission came while it ran. */
export type End = 'completed' | 'queued' | 'dead' | 'again'

/** Ends a run: a completed job is gone, every other one is queued or dead. */
export function settle(job: Job, outcome: Outcome, policy: Policy, now: number): End {
  switch (outcome.type) {
    case 'completed':
      return job.rerun ? again(0) : 'completed'
    case 'failed':
      fail(outcome.error.name)
      if (outcome.permanent) return die()
      return retry(outcome.retryAt)
    case 'timedOut':
      fail('TimeoutError')
      return retry(undefined)
    case 'lost':
      fail('LostError')
      job.attempts -= 1
      job.crashes += 1
      return job.crashes >= MAX_CRASHES ? die() : queue(now)
    case 'snoozed':
      if (now + outcome.delay - job.createdAt > policy.maxAge) return refuse('MaxAgeError')
      job.attempts -= 1
      return queue(now + outcome.delay)
    case 'cancelled':
      return refuse('CancelledError')
    case 'released':
      job.attempts -= 1
      return queue(now + (outcome.delay ?? 0))
  }

  function fail(name: string): void {
    job.errors = [...job.errors, { name, at: now, attempt: job.attempts }].slice(-KEPT_ERRORS)
  }

  /** Dead, and not by its own doing. */
  function refuse(name: string): End {
    fail(name)
    job.attempts -= 1
    return die()
  }

  function retry(at: number | undefined): End {
    if (job.attempts >= (job.maxAttempts ?? policy.maxAttempts)) return die()
    return queue(Math.max(at ?? 0, now + backoff(job, policy)))
  }

  function queue(runAt: number): End {
    release('queued')
    job.runAt = runAt
    return 'queued'
  }

  /** Unless a submission came while it ran, which is owed a run. */
  function die(): End {
    if (job.rerun) return again(MAX_CRASHES - 1)
    release('dead')
    job.diedAt = now
    return 'dead'
  }

  function again(mostCrashes: number): End {
    job.attempts = 0
    job.crashes = Math.min(job.crashes, mostCrashes)
    job.createdAt = now
    queue(now)
    return 'again'
  }

  function release(state: Job['state']): void {
    Object.assign(job, { state, startedAt: null, token: undefined, rerun: false })
  }
}

/** Without jitter. */
function backoff({ attempts, overrides }: Job, policy: Policy): number {
  const given = overrides?.backoff ?? (policy.backoff as BackoffOptions)
  const { type, delay = 2_000, maxDelay = 300_000 } = given
  const doublings = type === 'fixed' ? 0 : attempts - 1
  return Math.min(delay * 2 ** doublings, maxDelay)
}
