import type { Breaker } from '../job/breaker.ts'
import type { DeliveryRecord, WebhookChange } from '../job/delivery.ts'
import type { HelveError } from '../job/errors.ts'
import type { ClaimedJob, EnqueueResult, NewJob } from '../job/job.ts'
import type { Rerun, Move } from '../job/outcome.ts'
import type { Pause } from '../job/pause.ts'
import type { NewPublication } from '../job/publication.ts'
import type { Admission, Queue } from './admission.ts'
import type { Command, CommandResult } from './command.ts'

export interface Turn {
  now: number
  settles: Settle[]
  commands: Command[]
  enqueues: NewJob[]
  /** Since when a suspect runs: no other suspect is claimed then. Undefined if none runs. */
  suspect: number | undefined
  /**
   * Chooses the queues to claim from. `backlog` holds the queues that may have due jobs, also those
   * of this turn's enqueues. `pauses` is the same array as long as nothing has been paused or
   * resumed.
   */
  admit: (backlog: Queue[], pauses: readonly Pause[]) => Admission[]
}

/** A turn in which nothing happens: callers add the parts that they need. */
export const NO_WORK: Omit<Turn, 'now'> = {
  settles: [],
  commands: [],
  enqueues: [],
  suspect: undefined,
  admit: () => [],
}

/** The end of one claim. */
export interface Settle {
  job: ClaimedJob
  move: Move
  /** What becomes of the job instead, if a submission was folded in while the job ran. */
  rerun: Rerun
  /** Jobs to enqueue in the same transaction, if the claim is still the caller's. */
  followUps: NewJob[]
  deliveries: DeliveryRecord[]
  /** Events for webhooks, published in the same transaction, if the claim is still the caller's. */
  publications?: NewPublication[]
  /** The breakers that the run has changed. */
  breakers: BreakerChange[]
}

/** A breaker of the job's kind that a run has changed. */
export interface BreakerChange {
  group: string
  /** `null` for a breaker that is closed. */
  breaker: Breaker | null
}

export interface TurnResult {
  /** One for each settle; undefined when the claim was not the caller's. */
  settled: (SettleResult | undefined)[]
  /**
   * One for each command; an error for one that was refused. Undefined stands for the last ones, if
   * the turn had no room for them: they go into the next turn.
   */
  commanded: (CommandResult | HelveError | undefined)[]
  /** One for each enqueue; an error for one that the store refused, with the others unaffected. */
  enqueued: (EnqueueResult | HelveError)[]
  claimed: ClaimedJob[]
  /** Queued jobs whose group has to be found out; a `file` command files them. */
  unfiled: UnfiledJob[]
  /** Whether an admission was cut short by its `most`: there may be more to claim at once. */
  more: boolean
  /** Whether jobs may be due that no admission had room for. */
  behind: boolean
  /** The moment at which the next queue may have a due job; Infinity for none. */
  nextDue: number
  /**
   * Milliseconds for which the store held the event loop; waiting for an answer does not hold it.
   */
  heldMs: number
}

/** A queued job of a kind with groups, whose submitter did not know the groups. */
export interface UnfiledJob {
  id: number
  kind: string
  /** JSON. */
  payload: string
  /** On the queue's time. */
  runAt: number
}

/** What became of a settled job. */
export interface SettleResult {
  state: 'completed' | 'queued' | 'dead' | 'running'
  /**
   * Why the job is still `running`, with nothing of its settle written: the store refused a
   * follow-up or a delivery record.
   */
  refused?: HelveError
  /** Why the store could not write the job's ending; the job is dead instead. */
  setAside?: HelveError
  /**
   * Whether a submission was folded in during the run: the job is then queued once more, afresh.
   */
  rerun: boolean
  followUps: EnqueueResult[]
  /** Webhooks that an attempt of the run has disabled, or made active again. */
  webhooks?: WebhookChange[]
}
