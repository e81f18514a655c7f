import { after, type Timer } from '../timer.ts'

/** A run with a timeout. */
export interface Watched {
  /** Milliseconds that the run may take. */
  readonly timeout: number
  /**
   * When the run started, in epoch milliseconds; 0 before that. The wait for the job before it is
   * no part of the run's time.
   */
  startedAt(): number
}

/** Tells when a run is over its time. One timer serves all runs of a thread. */
export class RunTimeouts<R extends Watched> {
  readonly #runs = new Set<R>()
  readonly #onOver: (run: R) => void
  #timer: Timer | undefined
  /** When the timer fires, in epoch milliseconds. */
  #due = Infinity

  constructor(onOver: (run: R) => void) {
    this.#onOver = onOver
  }

  watch(runs: readonly R[]): void {
    let shortest = Infinity
    for (const run of runs) {
      this.#runs.add(run)
      shortest = Math.min(shortest, run.timeout)
    }
    this.#arm(now() + shortest)
  }

  unwatch(run: R): void {
    this.#runs.delete(run)
    // A timer that fires for no run is cheaper than a timer that is set anew for every job.
    if (this.#runs.size === 0) this.#timer?.unref()
  }

  close(): void {
    this.#runs.clear()
    this.#timer?.cancel()
  }

  #arm(due: number): void {
    this.#timer?.ref()
    if (due >= this.#due) return
    this.#timer?.cancel()
    this.#due = due
    this.#timer = after(Math.max(due - now(), 1), () => this.#look())
  }

  #look(): void {
    this.#due = Infinity
    const over: R[] = []
    for (const run of this.#runs) {
      const started = run.startedAt()
      const due = (started === 0 ? now() : started) + run.timeout
      if (due > now()) this.#arm(due)
      else over.push(run)
    }
    // A main thread that was held up sees its timers before the outcomes that have long arrived.
    // The main thread reads these messages in the next two turns of its event loop.
    if (over.length > 0) setImmediate(() => setImmediate(() => this.#tell(over)))
  }

  #tell(over: R[]): void {
    for (const run of over) {
      if (this.#runs.delete(run)) this.#onOver(run)
    }
  }
}

const { timeOrigin } = performance

function now(): number {
  return timeOrigin + performance.now()
}
