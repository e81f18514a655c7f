import type { ClaimedJob } from '../../../src/job/job.ts'
import { claimOf } from '../../../src/store/claiming/claim-number.ts'
import { FORGOTTEN_AFTER } from '../../../src/store/inspection.ts'
import { freeGroups, freeQueues } from './bounds.ts'
import { claimedOf } from './row.ts'
import type { Tables } from './tables.ts'

/** Forgets breakers of groups that have no jobs left. */
function forgetBreakers(tables: Tables, before: number): void {
  for (const [key, { kind, group, until }] of tables.breakers) {
    const live = [...tables.in('queued'), ...tables.in('running')]
    const hasJobs = live.some((row) => row.kind === kind && row.group === group)
    if (until < before && !hasJobs) tables.breakers.delete(key)
  }
}

/**
 * The jobs that the last owner has left running. The new owner decides anew which groups may start
 * jobs, so all groups and queues are looked at again.
 */
export function orphans(tables: Tables, now: number): ClaimedJob[] {
  freeGroups(tables, now)
  freeQueues(tables, now)
  forgetBreakers(tables, now - FORGOTTEN_AFTER)
  const jobs = tables.in('running').map((row) => claimedOf(row, row.token!, row.attempts))
  return jobs.sort((a, b) => claimOf(a) - claimOf(b) || a.priority - b.priority || a.id - b.id)
}
