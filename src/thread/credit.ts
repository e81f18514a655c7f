/** Most units on their way from one thread at a time: some tens of lines, or 256 KiB. */
const MOST_UNITS = 32
/** Bytes for which a message costs one more unit. */
const UNIT_BYTES = 8_192

// Kept here, because a handler may replace the globals.
const { add, compareExchange, load, notify, waitAsync } = Atomics

/** How many units a message with so many characters of text costs. */
export function unitsOf(characters: number): number {
  return 1 + Math.floor(characters / UNIT_BYTES)
}

/**
 * Bounds how much a thread sends before the main thread has dealt with it. Both sides share the
 * count. The main thread deals with messages in one turn of its event loop, and gives their units
 * back in the next. So no turn deals with more than {@link MOST_UNITS} of one thread, however much
 * the thread wants to send.
 */
export class Credit {
  /** Shared: one word, the number of units on their way. */
  readonly words: Int32Array
  #owed = 0
  /** How many calls of {@link taken} wait, and the promise of the latest. */
  #waiting = 0
  #inTurn: Promise<void> = Promise.resolve()

  /** @param words the words of the other side; new ones if left out */
  constructor(words: Int32Array = new Int32Array(new SharedArrayBuffer(4))) {
    this.words = words
  }

  /**
   * In the thread: whether a message may be sent now; if so, its units are taken. False while
   * others wait: otherwise small messages would use up each unit that comes back, and a large
   * message would wait for ever.
   */
  take(units: number): boolean {
    return this.#waiting === 0 && this.#take(units)
  }

  /** In the thread: takes the units of a message that is sent even without room. */
  overdraw(units: number): void {
    add(this.words, 0, units)
  }

  /**
   * In the thread: takes units as soon as there is room, after all earlier calls have taken theirs.
   */
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

  /** A message may always be sent when no other is on its way, however large the message is. */
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

  /** On the main thread: gives back the units of a message that the main thread has dealt with. */
  giveBack(units: number): void {
    if (this.#owed === 0) setImmediate(() => this.#repay())
    this.#owed += units
  }

  /** On the main thread: begins anew, after the thread has exited. */
  reset(): void {
    this.#owed = 0
    Atomics.store(this.words, 0, 0)
  }

  #repay(): void {
    for (;;) {
      const sent = load(this.words, 0)
      // Units of a thread that has exited may be given back after the reset.
      const left = Math.max(0, sent - this.#owed)
      if (compareExchange(this.words, 0, sent, left) === sent) break
    }
    this.#owed = 0
    notify(this.words, 0)
  }
}
