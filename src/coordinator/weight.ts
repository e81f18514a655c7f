import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { effectRows, effectSize } from '../job/outcome-weight.ts'

// What an ending weighs in the turn that writes it.

/** Rows that an ending writes. */
export function rowsOf({ outcome }: { outcome: Outcome }): number {
  return 1 + effectRows(outcome)
}

/** Characters and bytes that an ending writes; parts that are always small do not count. */
export function bytesOf({ job, outcome }: { job: ClaimedJob; outcome: Outcome }): number {
  // The row of a job that has not completed is written again as a whole.
  const own = outcome.type === 'completed' ? 0 : job.payload.length
  return own + effectSize(outcome)
}
