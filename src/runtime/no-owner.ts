import type { Events } from '../events.ts'
import type { Inspection } from '../store/inspection.ts'
import type { Membership } from '../store/membership.ts'
import type { QueueStore } from '../store/store.ts'
import { after, type Timer, type TimeSource } from '../timer.ts'

/** Milliseconds from a submission to an unstarted runtime until the look for an owner. */
const PATIENCE = 5_000

interface Parts {
  store: Pick<QueueStore, 'clock'> &
    Pick<Membership, 'owner'> &
    Pick<Inspection, 'oldestDue' | 'counts'>
  events: Events
}

/**
 * Emits `unowned` once if jobs are accepted and nobody runs them: somebody forgot to call `run`.
 */
export class Unowned {
  readonly #parts: Parts
  readonly #time: TimeSource | undefined
  #timer: Timer | undefined
  #isOver = false

  constructor(parts: Parts, time?: TimeSource) {
    this.#parts = parts
    this.#time = time
  }

  /** A submission has come in. */
  accepted(): void {
    if (this.#isOver || this.#timer) return
    const since = Date.now()
    // The timer must not keep a process up that only enqueues.
    this.#timer = after(PATIENCE, () => void this.#look(since), this.#time).unref()
  }

  /** Ends the watch: the runtime is started or stopped, so nobody has forgotten it. */
  cancel(): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  async #look(since: number): Promise<void> {
    const { store, events } = this.#parts
    try {
      if (await this.#isRun()) return
      const oldest = await store.oldestDue(store.clock.now())
      // No job is due, so nobody is missed yet: the next submission starts the timer again.
      if (oldest === undefined) this.#timer = undefined
      else if (!this.#isOver) events.emit('unowned', () => ({ since }))
    } catch (error) {
      const during = 'looking whether anybody runs the jobs'
      events.emit('error', () => ({ error, during }))
    }
  }

  /**
   * Whether there is an owner, or a sign of one: the process of an owner cannot always be seen from
   * here, but its running jobs can.
   */
  async #isRun(): Promise<boolean> {
    const { store } = this.#parts
    if ((await store.owner()) !== undefined) return true
    return Object.values(await store.counts()).some((counts) => counts.running > 0)
  }
}
