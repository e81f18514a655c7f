import type { NewJob } from '../../../src/job/job.ts'
import { earlier, type Job } from './job.ts'
import type { Payload } from './kinds.ts'

/** Folds a submission into the job that holds its key. @returns in words, which job that was */
export function fold({ payload, runAt, wallAt }: NewJob, holder: Job): string {
  holder.payload = JSON.parse(payload) as Payload
  holder.owed.push(holder.payload.n)
  holder.folds += 1
  // A job that backs off keeps its backoff.
  if (holder.state === 'queued' && holder.backingOff) {
    holder.attempts = 0
    return 'job that waits for its retry'
  }
  holder.wallAt = earlier(holder.wallAt, wallAt)
  if (holder.state === 'queued') holder.runAt = Math.min(holder.runAt, runAt)
  else holder.rerun = Math.max(1, Math.min(holder.rerun || Infinity, runAt))
  return `${holder.state} job`
}
