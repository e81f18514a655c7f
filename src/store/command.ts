import type { ClaimedJob } from '../job/job.ts'
import type { PauseTarget } from '../job/pause.ts'

/** What somebody asks of the queue: executed in a turn, and answered after its commit. */
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
   * Makes a queued job dead. A running one is the coordinator's to end: of such a job, what was
   * folded in so far is forgotten.
   */
  | {
      type: 'cancel'
      id: number
      /** That of the coordinator's claim, if it runs the job. */
      token: number | undefined
    }
  /** Claims no more of the target. */
  | { type: 'pause'; target: PauseTarget; by: string | null }
  /** Lets the jobs of a group start that its breaker holds back. */
  | { type: 'closeBreaker'; kind: string; group: string }
  /** Takes a pause back. */
  | { type: 'resume'; target: PauseTarget }
  /** Looks at a kind anew: what is allowed to it has changed. */
  | { type: 'regroup'; kind: string }
  /** Gives queued jobs the groups that their kind says. */
  | { type: 'file'; jobs: { id: number; group: string | null }[] }

/** Whether the engine itself asks for it, and nobody waits for the answer. */
export function isUpkeep({ type }: Command): boolean {
  return type === 'file' || type === 'regroup'
}

/** Whether the answer promises something: the turn that executes the command then has to be durable. */
export function isPromise(command: Command): boolean {
  // A power cut may bring a deleted dead job back: that harms nobody.
  return !isUpkeep(command) && command.type !== 'discard' && command.type !== 'prune'
}

/**
 * What a command came to: whether there was something to do; of `cancel`, the job that was queued,
 * or `running` for one that the coordinator has to end; of `prune`, how many jobs were deleted.
 */
export type CommandResult = boolean | ClaimedJob | 'running' | number
