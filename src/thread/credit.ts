/** Units on their way from one thread at a time: some tens of lines, or 256 KiB. */
const MOST_UNITS = 32
/** Bytes that cost a message one unit more. */
const UNIT_BYTES = 8_192

// A handler may replace them; the rest of the thread goes on with these.
const { add, compareExchange, load, notify, waitAsync } = Atomics

/** What a message with so many characters of text costs. */
export function unitsOf(characters: number): number {
  return 1 + Math.floor(characters / UNIT_BYTES)
}

/**
 * How much a thread may send that the main thread has not dealt with. Both share it. The main
 * thread gives back in the next turn of its event loop what it took in one: so no turn deals with
 * more than that of one thread, however much the thread would send.
 */
export class Credit {
  /** How many units are on their way. */
  readonly words: Int32Array
  #owed = 0
  /** Those who wait their turn, and the latest of them. */
  #waiting = 0
  #inTurn: Promise<void> = Promise.resolve()

  /** @param words those of the other side */
  constructor(words: Int32Array = new Int32Array(new SharedArrayBuffer(4))) {
    this.words = words
  }

  /**
   * In the thread: whether a message may be sent now, while nobody waits: else what is small would
   * use up each unit that comes back, and what is large would wait for ever.
   */
  take(units: number): boolean {
    return this.#waiting === 0 && this.#take(units)
  }

  /** In the thread: for a message that is sent in any case. */
  overdraw(units: number): void {
    add(this.words, 0, units)
  }

  /** In the thread: takes as soon as it may, after all who have asked before. */
  taken(units: number): Promise<void> {
    this.#waiting += 1
    this.#inTurn = this.#inTurn.then(async () => {
      while (!this.#take(units)) await this.#returned()
      this.#waiting -= 1
    })
    return this.#inTurn
  }

  /** In the thread: resolves once {@link take} may take more. */
  returned(): Promise<void> {
    return this.#waiting > 0 ? this.#inTurn : this.#returned()
  }

  /** One message by itself always may be sent, however large. */
  #take(units: number): boolean {
    for (;;) {
      const sent = load(this.words, 0)
      if (sent > 0 && sent + units > MOST_UNITS) return false
      if (compareExchange(this.words, 0, sent, sent + units) === sent) return true
    }
  }

  /** Resolves once the main thread has given back some units. */
  async #returned(): Promise<void> {
    const sent = load(this.words, 0)
    if (sent === 0) return
    const { async, value } = waitAsync(this.words, 0, sent)
    if (async) await value
  }

  /** On the main thread, which has dealt with a message. */
  giveBack(units: number): void {
    if (this.#owed === 0) setImmediate(() => this.#repay())
    this.#owed += units
  }

  /** On the main thread: the thread is gone. */
  reset(): void {
    this.#owed = 0
    Atomics.store(this.words, 0, 0)
  }

  #repay(): void {
    for (;;) {
      const sent = load(this.words, 0)
      // What a thread that is gone has sent may be given back after the reset.
      const left = Math.max(0, sent - this.#owed)
      if (compareExchange(this.words, 0, sent, left) === sent) break
    }
    this.#owed = 0
    notify(this.words, 0)
  }
}
