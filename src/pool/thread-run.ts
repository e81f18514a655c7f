import type { ClaimedJob } from '../job/job.ts'
import type { Outcome } from '../job/outcome.ts'
import { Flag, type Batch, type Report } from '../thread/protocol.ts'
import { type HandlerOutcome } from '../job/outcome.ts'
import type { Terms } from './pool.ts'
import type { Assignment } from './assignment.ts'
import type { Watched } from './run-timeouts.ts'

/** Memory that the main thread and a thread share about the runs of the thread. */
export interface SharedSlots {
  flags: Int32Array
  starts: Float64Array
}

/** One job in a slot of a thread, seen from the main thread. */
export class ThreadRun implements Watched {
  readonly job: ClaimedJob
  readonly terms: Terms
  readonly slot: number
  readonly timeout: number
  readonly #flags: Int32Array
  readonly #starts: Float64Array
  /** Whether the run was settled or taken back. Later messages about the run are ignored. */
  isOver = false
  /** The run's report, if it came as a message. The report counts once the batch has ended. */
  late: Report | undefined
  #ending: 'timeout' | 'interrupt' | undefined
  #isForced = false

  constructor({ job, terms }: Assignment, slot: number, shared: SharedSlots) {
    const { flags, starts } = shared
    this.job = job
    this.terms = terms
    this.slot = slot
    this.timeout = terms.timeout
    this.#flags = flags
    this.#starts = starts
    flags[slot] = Flag.waiting
    starts[slot] = 0
  }

  startedAt(): number {
    return this.#starts[this.slot]!
  }

  task(): Batch[number] {
    const { id, token, kind, payload, dedupeKey, attempt, createdAt } = this.job
    const { maxAttempts } = this.terms
    return [this.slot, id, token, kind, payload, dedupeKey, attempt, maxAttempts, createdAt]
  }

  /** Whether the main thread has taken the run back. */
  get isRevoked(): boolean {
    return Atomics.load(this.#flags, this.slot) === Flag.revoked
  }

  /** Takes the run back. False if the thread was faster, and has started the run. */
  revoke(): boolean {
    const flag = Atomics.compareExchange(this.#flags, this.slot, Flag.waiting, Flag.revoked)
    return flag === Flag.waiting
  }

  /** Tells the run to end, if it has started. False if the run was told to end before. */
  end(why: 'timeout' | 'interrupt'): boolean {
    if (this.#ending !== undefined) return false
    this.#ending = why
    Atomics.compareExchange(this.#flags, this.slot, Flag.started, Flag.ended)
    return true
  }

  /** Notes that the run's processes are killed: unless the run was done, it cannot complete. */
  force(): void {
    this.#isForced = Atomics.load(this.#flags, this.slot) !== Flag.done
  }

  /** The outcome of a run that has ended. A completed run counts, though it was told to end. */
  ended(outcome: HandlerOutcome): Outcome {
    const isDone = outcome.type === 'completed' && !this.#isForced
    if (this.#ending === undefined || isDone) return outcome
    return this.#told(this.#ending)
  }

  /**
   * The outcome of a run whose thread is gone.
   *
   * @param wasSilent whether the thread went on, but would never have reported the run
   */
  died(reason: string, culprit: ClaimedJob | undefined, wasSilent: boolean): Outcome {
    if (this.#ending !== undefined) return this.#told(this.#ending)
    if (!wasSilent && Atomics.load(this.#flags, this.slot) === Flag.done) {
      return { type: 'released', reason: 'its thread ended before it could report the outcome' }
    }
    if (culprit === undefined) return { type: 'lost', reason }
    return { type: 'released', reason: `its thread was killed because of job ${culprit.id}` }
  }

  #told(ending: 'timeout' | 'interrupt'): Outcome {
    if (ending === 'timeout') return { type: 'timedOut', timeout: this.terms.timeout }
    return { type: 'released', reason: 'the runtime stopped' }
  }
}
