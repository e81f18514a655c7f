import type { ClaimedJob } from '../job/job.ts'
import type { Terms } from './pool.ts'

/** A job on its way to a thread. */
export interface Assignment {
  job: ClaimedJob
  terms: Terms
}
