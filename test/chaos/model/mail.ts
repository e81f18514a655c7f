import type { HelveError } from '../../../src/job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../../../src/job/job.ts'
import type { Outcome } from '../../../src/job/outcome.ts'
import type { Terms } from '../../../src/pool/pool.ts'
import type { Command, CommandResult } from '../../../src/store/command.ts'
import type { Lane } from './kinds.ts'

/** An outcome that somebody reports for a claim. */
export interface Ending {
  claim: ClaimedJob
  outcome: Outcome
}

/** The answer to a submission once the submission is on disk. */
export type Acknowledgement = EnqueueResult | HelveError

/** The answer to a command once the command is on disk. */
export type Answer = CommandResult | HelveError

/** The mail that has reached the coordinator, and that no turn has taken yet. */
export interface Mail {
  endings: Ending[]
  orders: Command[]
  submissions: NewJob[]
  /** Calls of `once`. */
  onces: number
}

/** What turns tell others than the store. */
export interface Told {
  acknowledgements: Acknowledgement[]
  answers: Answer[]
  /** What calls of `once` resolved to. */
  onces: boolean[]
  starts: Start[]
  /** Ids of the jobs whose runs were told to end. */
  ended: number[]
}

/** A run that a thread was given. */
export interface Start {
  id: number
  lane: Lane | null
  attempt: number
  terms: Terms
}

export function noMail(): Mail {
  return { endings: [], orders: [], submissions: [], onces: 0 }
}

export function nothingTold(): Told {
  return { acknowledgements: [], answers: [], onces: [], starts: [], ended: [] }
}
