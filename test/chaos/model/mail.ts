import type { HelveError } from '../../../src/job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/outcome.ts'
import type { Terms } from '../../../src/pool/pool.ts'
import type { Lane } from './kinds.ts'

/** What a run is told to have come to. */
export interface Ending {
  claim: ClaimedJob
  outcome: Outcome
}

/** What is said of a submission once it is on disk. */
export type Acknowledgement = EnqueueResult | HelveError

/** What has reached the coordinator, and no turn has taken yet. */
export interface Mail {
  endings: Ending[]
  submissions: NewJob[]
  /** Calls of `once`. */
  onces: number
}

/** What comes of turns, for others than the store. */
export interface Told {
  acknowledgements: Acknowledgement[]
  /** What calls of `once` resolved to. */
  onces: boolean[]
  starts: Start[]
}

/** A run that a thread was given. */
export interface Start {
  id: number
  lane: Lane | null
  attempt: number
  terms: Terms
}

export function noMail(): Mail {
  return { endings: [], submissions: [], onces: 0 }
}

export function nothingTold(): Told {
  return { acknowledgements: [], onces: [], starts: [] }
}
