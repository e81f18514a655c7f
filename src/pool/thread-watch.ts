import { after, type Timer } from '../timer.ts'
import { LOOK_INTERVAL } from './heartbeat.ts'

/** A thread that the watch looks at while the thread has jobs. */
export interface Watched {
  /** Looks at the thread. False once the thread has nothing to do. */
  look(): boolean
}

/** Looks at the threads of a lane that have jobs. Without such threads, no timer runs. */
export class ThreadWatch {
  readonly #threads = new Set<Watched>()
  #timer: Timer | undefined
  #closed = false

  watch(thread: Watched): void {
    if (this.#closed) return
    this.#threads.add(thread)
    this.#timer ??= after(LOOK_INTERVAL, () => this.#look()).unref()
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #look(): void {
    for (const thread of this.#threads) if (!thread.look()) this.#threads.delete(thread)
    this.#timer = undefined
    for (const thread of this.#threads) this.watch(thread)
  }
}
