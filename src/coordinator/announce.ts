import { AcceptedSubmission, NamedJob } from '../event-data.ts'
import type { Events } from '../events.ts'
import { toJobError } from '../job/failure.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import type { Settle, SettleResult } from '../store/turn.ts'
import type { QueueClock } from '../store/timeline.ts'

/** A run whose settle has been committed. */
export interface SettledRun {
  job: ClaimedJob
  outcome: Outcome
  settle: Settle
  settled: SettleResult
  /** The moment of the turn. */
  now: number
  clock: Pick<QueueClock, 'wallOf'>
  /** Milliseconds that the run took, or since its claim if nobody has measured them. */
  durationMs: number
  /** Milliseconds for which the job had been due when it was claimed. */
  queuedMs: number
}

/** Emits the one event of a settle, and `enqueued` for each follow-up job written with it. */
export function announce(events: Events, run: SettledRun): void {
  const { job, outcome, settle, settled, now, clock, durationMs, queuedMs } = run
  const { move } = settle
  // A shortcut: almost every job completes like this, and almost nobody listens.
  const quiet = settle.followUps.length === 0 && !events.heard('completed')
  if (quiet && outcome.type === 'completed' && !settled.setAside) return
  settle.followUps.forEach((followUp, i) => {
    const written = settled.followUps[i]
    if (written) events.emit('enqueued', () => new AcceptedSubmission(followUp, written))
  })
  if (outcome.type === 'completed' && !settled.setAside) {
    const { rerun } = settled
    events.emit('completed', () => {
      const result = outcome.result && (JSON.parse(outcome.result) as unknown)
      return { job: new NamedJob(job), result, durationMs, queuedMs, rerun }
    })
  } else if (settled.setAside) {
    const error = toJobError(settled.setAside)
    events.emit('dead', () => ({ job: new NamedJob(job), error, durationMs, queuedMs }))
  } else if (outcome.type === 'cancelled') {
    events.emit('cancelled', () => ({ job: new NamedJob(job) }))
  } else if (move.to === 'dead' && settled.state === 'dead') {
    events.emit('dead', () => ({
      job: new NamedJob(job),
      error: move.error,
      durationMs,
      queuedMs,
    }))
  } else if (outcome.type === 'lost') {
    const crashes = job.crashes + 1
    events.emit('lost', () => ({ job: new NamedJob(job), reason: outcome.reason, crashes }))
  } else if (outcome.type === 'snoozed' && move.to === 'queued') {
    const runAt = clock.wallOf(move.runAt)
    events.emit('snoozed', () => ({ job: new NamedJob(job), runAt }))
  } else if (outcome.type === 'held') {
    const { reason } = outcome.trip
    events.emit('released', () => ({ job: new NamedJob(job), reason }))
  } else if (outcome.type === 'released') {
    events.emit('released', () => ({ job: new NamedJob(job), reason: outcome.reason }))
  } else if (move.to !== 'completed' && move.error !== null) {
    const { error } = move
    const runAt = clock.wallOf(move.to === 'queued' ? move.runAt : now)
    events.emit('retrying', () => ({ job: new NamedJob(job), error, runAt, durationMs, queuedMs }))
  }
}
