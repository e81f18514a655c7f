import { monotonic, newPulse, NOBODY, resetPulse, type Pulse } from '../thread/pulse.ts'

/** Milliseconds between two looks at a thread. */
export const LOOK_INTERVAL = 20
/** Milliseconds without a beat after which a thread is stalled. */
const STALLED_AFTER = 70
/**
 * The same when no run's code holds it: more often than by what ended runs have left behind, it is
 * held up by a machine that is too busy, which another thread would only make worse. And in a cold
 * thread, whose first runs load and compile what they need: another one would do just the same.
 */
const STARVED_AFTER = 300
/**
 * Milliseconds that one look counts for. Between looks that lie further apart the main thread was
 * held up itself, or the whole process was, and the thread with it.
 */
const MOST_PER_LOOK = 30

/** What a look at a thread has found out. */
export interface Change {
  isStalled: boolean
  /** Milliseconds since its event loop has last turned; of one that goes on, until it did. */
  heldMs: number
}

/** The heartbeat of a thread, as the main thread sees it. */
export class Heartbeat {
  /** Shared with the thread. */
  readonly pulse: Pulse = newPulse()
  readonly #isKeptWaiting: () => boolean
  readonly #isCold: () => boolean
  /** The beat at the last look, and since when the loop may have been held by then. */
  #beat = 0
  #since = 0
  #lookedAt = 0
  /** Milliseconds for which looks have seen no other beat. */
  #counted = 0
  #isStalled = false

  /**
   * @param isKeptWaiting whether the thread has jobs that it has not begun with
   * @param isCold whether it has hardly run anything yet
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

  /** Looks at the thread, and says when it has stalled or goes on. */
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

  /** A thread's successor has no share in what it was. */
  reset(): void {
    resetPulse(this.pulse)
    this.#restart(0, 0)
    this.#isStalled = false
  }

  get #patience(): number {
    return this.holder === NOBODY || this.#isCold() ? STARVED_AFTER : STALLED_AFTER
  }

  /** Without runs it does not beat: then it turns if it begins with what it is given. */
  #hasToTurn(beat: number): boolean {
    return beat > 0 || (beat < 0 && this.#isKeptWaiting())
  }

  #restart(beat: number, now: number): void {
    this.#beat = beat
    this.#since = beat > 0 ? beat : now
    this.#counted = 0
  }
}
