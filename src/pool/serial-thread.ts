import { HEAPS_ARE_KNOWN } from './heap-limit.ts'
import { MOST_JOBS } from './run-time-estimates.ts'
import type { HandOff } from './packing.ts'
import type { ThreadListener } from './thread-listener.ts'
import type { ThreadOptions } from './thread-options.ts'
import { WorkerThread } from './worker-thread.ts'

/** Milliseconds after which the lane may move the jobs of a hand-off that have not started. */
export const OVERDUE = 6
/** How many full hand-offs of short jobs a thread may have at a time. */
const AHEAD = 2

/** A thread of a lane for computing: it runs one job at a time, and gets short jobs in advance. */
export class SerialThread extends WorkerThread {
  /** The cost of all hand-offs that the thread has. */
  #load = 0
  /** When the thread came to its current hand-off, on the monotonic clock. */
  #since = 0

  constructor(options: ThreadOptions, listener: ThreadListener) {
    super(options, listener, { slots: (AHEAD + 1) * MOST_JOBS, serial: true, pulse: undefined })
  }

  get free(): number {
    return this.isOpen && this.batches === 0 ? 1 : 0
  }

  /** The room behind the short hand-offs that the thread has: they are soon over. */
  get roomBehind(): number {
    if (!this.isOpen || this.batches === 0 || this.isHeldUp) return 0
    return Math.max(0, AHEAD - this.#load)
  }

  /** Whether the current hand-off is running, and takes longer than it should. */
  get isHeldUp(): boolean {
    if (this.batches === 0 || performance.now() - this.#since < OVERDUE) return false
    return this.slots.find((run) => run.startedAt() > 0) !== undefined
  }

  /** Hands over jobs, which the thread runs one after the other. */
  start({ assignments, cost }: HandOff): void {
    if (this.batches === 0) this.#since = performance.now()
    this.#load += cost
    const batch = this.runBatch(assignments)
    if (HEAPS_ARE_KNOWN) this.listener.busy()
    void batch.then(() => {
      this.#load = this.batches === 0 ? 0 : this.#load - cost
      this.#since = performance.now()
      this.listener.freed()
    })
  }
}
