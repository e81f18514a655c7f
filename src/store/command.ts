import type { ClaimedJob } from '../job/job.ts'
import type { PauseTarget } from '../job/pause.ts'

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

/** Whether the answer promises something: the turn of such a command then has to be durable. */
export function isPromise(command: Command): boolean {
  // A power cut may bring a deleted dead job back: that harms nobody.
  return !isUpkeep(command) && command.type !== 'discard' && command.type !== 'prune'
}

/**
 * The answer to a command: whether there was something to do. For `cancel`: the job that was
 * queued, or `running` for a job that the coordinator has to end. For `prune`: how many jobs were
 * deleted.
 */
export type CommandResult = boolean | ClaimedJob | 'running' | number
