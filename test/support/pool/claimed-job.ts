import type { ClaimedJob } from '../../../src/job/job.ts'

/** A job that a turn has claimed. */
export function claimedJob(id: number, over: Partial<ClaimedJob> = {}): ClaimedJob {
  return {
    ...{ id, token: id + 1_000, kind: 'echo', payload: '{}', dedupeKey: null, priority: 0 },
    ...{ attempt: 1, maxAttempts: null, crashes: 0, overrides: null, group: null },
    ...{ createdAt: 0, since: 0, runAt: 0 },
    ...over,
  }
}
