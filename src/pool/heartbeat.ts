import { monotonic, newPulse, NOBODY, resetPulse, type Pulse } from '../thread/pulse.ts'

/** Milliseconds between two looks at a thread. */
export const LOOK_INTERVAL = 20
/** Milliseconds without a beat after which a thread is stalled. */
const STALLED_AFTER = 70
/**
 * The same for a thread that no run's code holds, and for a cold thread. A machine that is too busy
 * holds up a thread without a holder more often than what ended runs have left behind, and another
 * thread would only make the machine busier. The first runs of a cold thread load and compile what
 * they need, and another thread would do the same.
 */
const STARVED_AFTER = 300
/**
 * Milliseconds that one look counts for at most. If looks lie further apart, the main thread itself
 * was held up, or the whole process was, and the thread with it.
 */
const MOST_PER_LOOK = 30

/** What a look at a thread has found out. */
export interface Change {
  isStalled: boolean
  /** Milliseconds since the event loop last turned; if it goes on, how long it had not turned. */
  heldMs: number
}

/** The heartbeat of a thread, as the main thread sees it. */
export class Heartbeat {
  /** Shared with the thread. */
  readonly pulse: Pulse = newPulse()
  readonly #isKeptWaiting: () => boolean
  readonly #isCold: () => boolean
  /** The beat at the last look, and since when the event loop may be held. */
  #beat = 0
  #since = 0
  #lookedAt = 0
  /** Milliseconds for which the looks have seen no new beat. */
  #counted = 0
  #isStalled = false

  /**
   * @param isKeptWaiting whether the thread has jobs that it has not started
   * @param isCold whether the thread has run hardly any job yet
   */
  constructor(isKeptWaiting: () => boolean, isCold: () => boolean) {
    this.#isKeptWaiting = isKeptWaiting
    this.#isCold = isCold
  }

  get isStalled(): boolean {
    return this.#isStalled
  }

  /** The slot of the run whose code is running, or {@link NOBODY}. */
  get holder(): number {
    return Atomics.load(this.pulse.holder, 0)
  }

  /** Looks at the thread. Returns a change if the thread has stalled, or goes on again. */
  look(): Change | undefined {
    const now = monotonic()
    const beat = this.pulse.beat[0]!
    const heldMs = Math.round(now - this.#since)
    const hasTurned = beat !== this.#beat || !this.#hasToTurn(beat)
    if (hasTurned) this.#restart(beat, now)
    this.#counted += Math.min(now - Math.max(this.#since, this.#lookedAt), MOST_PER_LOOK)
    this.#lookedAt = now
    const isStalled = !hasTurned && (this.#isStalled || this.#counted >= this.#patience)
    if (isStalled === this.#isStalled) return undefined
    this.#isStalled = isStalled
    return { isStalled, heldMs }
  }

  /** Forgets the state of the thread: a new thread takes its place. */
  reset(): void {
    resetPulse(this.pulse)
    this.#restart(0, 0)
    this.#isStalled = false
  }

  get #patience(): number {
    return this.holder === NOBODY || this.#isCold() ? STARVED_AFTER : STALLED_AFTER
  }

  /** A thread without runs does not beat. Its loop has to turn only while a job waits to start. */
  #hasToTurn(beat: number): boolean {
    return beat > 0 || (beat < 0 && this.#isKeptWaiting())
  }

  #restart(beat: number, now: number): void {
    this.#beat = beat
    this.#since = beat > 0 ? beat : now
    this.#counted = 0
  }
}
