import { AsyncLocalStorage, createHook } from 'node:async_hooks'
import { monotonic, NOBODY, type Pulse } from '../src/thread/pulse.ts'
import { after, ORIGINAL, type Timer } from '../src/timer.ts'

/** Milliseconds between two beats. */
const BEAT_INTERVAL = 20

// Kept here, because a handler may replace the globals.
const { exchange, store } = Atomics
const { hrtime } = process

/**
 * Marks the code of a run, also in its callbacks and promises, and in those that the run leaves
 * behind.
 */
interface Own {
  /**
   * The slot of the run; {@link NOBODY} once the run has ended, since another run may get the slot.
   */
  slot: number
}

/**
 * Tells the main thread whether the event loop of this thread turns, and whose code holds the loop.
 * Only a thread that runs several jobs at once has a beacon: the beacon hooks every callback and
 * every promise, which makes both slower.
 */
export class LoopBeacon {
  readonly #pulse: Pulse
  readonly #current = new AsyncLocalStorage<Own>()
  /** The slots whose code goes on after the running callback: callbacks can be nested. */
  readonly #outer: number[] = []
  #runs = 0
  #timer: Timer | undefined

  constructor(pulse: Pulse) {
    this.#pulse = pulse
    createHook({
      before: () => this.#enter(this.#current.getStore()?.slot ?? NOBODY),
      after: () => this.#leave(),
    }).enable()
  }

  /** Beats while `run` goes on, and marks its code with the slot. */
  async during<T>(slot: number, run: () => Promise<T>): Promise<T> {
    const own = { slot }
    this.#begin()
    try {
      return await this.#started(own, run)
    } finally {
      own.slot = NOBODY
      this.#end()
    }
  }

  /** Calls `run`, and marks its code up to the first wait itself: no hook tells of that part. */
  #started<T>(own: Own, run: () => Promise<T>): Promise<T> {
    this.#enter(own.slot)
    try {
      return this.#current.run(own, run)
    } finally {
      this.#leave()
    }
  }

  #enter(slot: number): void {
    const { holder } = this.#pulse
    this.#outer.push(exchange(holder, 0, slot))
  }

  #leave(): void {
    store(this.#pulse.holder, 0, this.#outer.pop() ?? NOBODY)
  }

  #begin(): void {
    this.#runs += 1
    if (this.#runs > 1) return
    this.#pulse.beat[0] = monotonic(hrtime)
    if (this.#timer === undefined) this.#beat()
  }

  /**
   * The timer ends at a beat without runs, not with the last run: a timer per job costs more than
   * most jobs.
   */
  #beat(): void {
    this.#timer = undefined
    if (this.#runs === 0) return
    this.#pulse.beat[0] = monotonic(hrtime)
    this.#timer = after(BEAT_INTERVAL, () => this.#beat(), ORIGINAL).unref()
  }

  #end(): void {
    this.#runs -= 1
    if (this.#runs === 0) this.#pulse.beat[0] = -monotonic(hrtime)
  }
}
