import type { ClaimedJob } from '../../../src/job/job.ts'
import { claimOf } from '../../../src/store/claiming/claim-number.ts'
import { freeGroups, freeQueues } from './bounds.ts'
import { claimedOf } from './row.ts'
import type { Tables } from './tables.ts'

/**
 * The jobs that the last owner has left running. The new owner decides anew which groups may start
 * jobs, so all groups and queues are looked at again.
 */
export function orphans(tables: Tables, now: number): ClaimedJob[] {
  freeGroups(tables, now)
  freeQueues(tables, now)
  const jobs = tables.in('running').map((row) => claimedOf(row, row.token!, row.attempts))
  return jobs.sort((a, b) => claimOf(a) - claimOf(b) || a.priority - b.priority || a.id - b.id)
}
