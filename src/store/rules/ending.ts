import type { Charge } from '../../job/outcome.ts'
import type { Settle } from '../turn.ts'

// What the end of a run leaves on record with its job.

/** The attempts that a run gives back, and the crashes that it adds. */
export function costOf(charge: Charge): { refund: number; crash: number } {
  return { refund: charge === 'attempt' ? 0 : 1, crash: charge === 'crash' ? 1 : 0 }
}

/** An error as the job keeps it: with the wall time and the attempt at which it happened. */
export function recordedOf<E extends object>(
  { job }: Settle,
  wall: number,
  error: E,
): E & { at: number; attempt: number } {
  return { at: wall, attempt: job.attempt, ...error }
}

/** The error of a job whose ending could not be written. */
export function unsettled(one: Settle, wall: number, reason: string) {
  return recordedOf(one, wall, { name: 'UnsettledError', message: reason })
}

/** The error of a job that was cancelled while it was queued. */
export function cancelled(wall: number, attempt: number) {
  return { at: wall, attempt, name: 'CancelledError', message: 'cancelled' }
}
