import type { Events } from '../events.ts'
import type { Store } from '../store/store.ts'
import { after, type Timer, type TimeSource } from '../timer.ts'

/** Milliseconds after the first submission to a runtime that has not been started. */
const PATIENCE = 5_000

interface Parts {
  store: Store
  events: Events
}

/** Tells, once, that jobs are accepted and nobody runs them: somebody has forgotten to call `run`. */
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
    if (this.#isOver) return
    this.#isOver = true
    const since = Date.now()
    // A process that only enqueues may end before.
    this.#timer = after(PATIENCE, () => void this.#look(since), this.#time).unref()
  }

  /** The runtime is started, or stopped: it has not been forgotten. */
  cancel(): void {
    this.#isOver = true
    this.#timer?.cancel()
  }

  async #look(since: number): Promise<void> {
    const { events } = this.#parts
    try {
      if (await this.#isRun()) return
      events.emit('unowned', () => ({ since }))
    } catch (error) {
      const during = 'looking whether anybody runs the jobs'
      events.emit('error', () => ({ error, during }))
    }
  }

  /** Whether there is an owner, or a sign of one: its process cannot always be seen from here. */
  async #isRun(): Promise<boolean> {
    const { store } = this.#parts
    if ((await store.owner()) !== undefined) return true
    const running = Object.values(await store.counts()).some((counts) => counts.running > 0)
    const oldest = await store.oldestDue(Date.now())
    return running || oldest === undefined
  }
}
