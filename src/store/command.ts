import type { AttemptStart } from '../job/attempt-start.ts'
import type { ClaimedJob } from '../job/job.ts'
import type { PauseTarget } from '../job/pause.ts'
import type {
  NewPublication,
  Published,
  PublishedDelivery,
  RedeliveryQuery,
} from '../job/publication.ts'

/** A request to the queue. A turn executes it, and the sender gets the answer after the commit. */
export type Command =
  /** Requeues a dead job with fresh attempts. */
  | { type: 'retry'; id: number }
  /** Deletes a dead job. */
  | { type: 'discard'; id: number }
  /** Deletes dead jobs, the oldest first, as many as one turn may write. */
  | {
      type: 'prune'
      /** Only jobs that died before this moment of the queue's time. */
      before: number
    }
  /**
   * Makes a queued job dead. The coordinator ends a running job; of such a job, the command only
   * forgets what was folded in so far.
   */
  | {
      type: 'cancel'
      id: number
      /** Token of the coordinator's claim; undefined if the coordinator does not run the job. */
      token: number | undefined
    }
  /** Stops claims of the target's jobs. */
  | { type: 'pause'; target: PauseTarget; by: string | null }
  /** Lets the jobs of a group start that its breaker holds back. */
  | { type: 'closeBreaker'; kind: string; group: string }
  /** Makes a delivery of an event for each webhook that wants the event. */
  | { type: 'publish'; publication: NewPublication }
  /** Writes the first version of the record of an attempt. */
  | { type: 'beginAttempt'; start: AttemptStart }
  /** Makes new deliveries of events that have been published before. */
  | { type: 'redeliver'; attempt: number }
  | { type: 'redeliverAll'; query: Required<RedeliveryQuery> }
  /** Ends a pause. */
  | { type: 'resume'; target: PauseTarget }
  /** Looks again at the jobs of a kind, after its policy or its handler has changed. */
  | { type: 'regroup'; kind: string }
  /** Gives queued jobs their groups, which the options of their kind determine. */
  | { type: 'file'; jobs: { id: number; group: string | null }[] }

/** Whether the engine itself sends such a command, so that nobody waits for the answer. */
export function isUpkeep({ type }: Command): boolean {
  return type === 'file' || type === 'regroup'
}

/**
 * Commands that a power cut may undo: a dead job may come back, and the record of an attempt that the
 * power cut has ended anyway may be missing.
 */
const HARMLESS = new Set<Command['type']>(['discard', 'prune', 'beginAttempt'])

/** Whether the answer promises something: the turn of such a command then has to be durable. */
export function isPromise(command: Command): boolean {
  return !isUpkeep(command) && !HARMLESS.has(command.type)
}

/** The answers to the commands. A boolean says whether there was something to do. */
interface CommandResults extends Record<Command['type'], unknown> {
  retry: boolean
  discard: boolean
  /** How many jobs were deleted. */
  prune: number
  /** The job that was queued, or `running` for a job that the coordinator has to end. */
  cancel: ClaimedJob | 'running' | false
  pause: boolean
  resume: boolean
  closeBreaker: boolean
  publish: Published
  /** The id of the record. */
  beginAttempt: number
  /** `null` if there is no such attempt, or if the body of its event is not kept any more. */
  redeliver: PublishedDelivery | null
  redeliverAll: PublishedDelivery[]
  regroup: boolean
  file: boolean
}

/** The answer to a command of the type `T`. */
export type CommandResult<T extends Command['type'] = Command['type']> = CommandResults[T]
