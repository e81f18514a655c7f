/** The most lookups in flight, and the most of them in one zone. */
interface Bounds {
  most: number
  mostOfZone: number
}

interface Waiting {
  zone: string
  enter(this: void): void
}

/**
 * Bounds the lookups in flight. One zone (`example.com` with all its names) gets a part of the
 * slots only, so that a zone whose name servers are silent does not block the lookups of other
 * zones.
 */
export class LookupSlots {
  readonly #bounds: Bounds
  readonly #taken = new Map<string, number>()
  readonly #waiting: Waiting[] = []
  #inFlight = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
  }

  /**
   * Starts the lookup as soon as there is a slot. The promise rejects as soon as the signal aborts;
   * the slot stays taken until the lookup itself has ended.
   */
  async run<T>(host: string, signal: AbortSignal, lookUp: () => Promise<T>): Promise<T> {
    const zone = zoneOf(host)
    await this.#enter(zone, signal)
    return untilAborted(this.#hold(zone, lookUp), signal)
  }

  async #hold<T>(zone: string, lookUp: () => Promise<T>): Promise<T> {
    try {
      return await lookUp()
    } finally {
      this.#leave(zone)
    }
  }

  async #enter(zone: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted()
    if (this.#hasRoom(zone)) return this.#take(zone)
    const { promise, resolve: enter } = withResolver()
    const waiting = { zone, enter }
    this.#waiting.push(waiting)
    try {
      await untilAborted(promise, signal)
    } catch (error) {
      const at = this.#waiting.indexOf(waiting)
      // The abort came after the slot was given, so that the slot has to be given back.
      if (at === -1) this.#leave(zone)
      else this.#waiting.splice(at, 1)
      throw error
    }
  }

  #hasRoom(zone: string): boolean {
    const { most, mostOfZone } = this.#bounds
    return this.#inFlight < most && (this.#taken.get(zone) ?? 0) < mostOfZone
  }

  #take(zone: string): void {
    this.#inFlight += 1
    this.#taken.set(zone, (this.#taken.get(zone) ?? 0) + 1)
  }

  #leave(zone: string): void {
    this.#inFlight -= 1
    const left = this.#taken.get(zone)! - 1
    if (left === 0) this.#taken.delete(zone)
    else this.#taken.set(zone, left)
    this.#admit()
  }

  /** Gives a slot to the first waiting lookup whose zone has room. */
  #admit(): void {
    const at = this.#waiting.findIndex(({ zone }) => this.#hasRoom(zone))
    if (at === -1) return
    const [{ zone, enter }] = this.#waiting.splice(at, 1) as [Waiting]
    this.#take(zone)
    enter()
  }
}

/** The last two labels, because the owner of a zone can make any number of names below it. */
function zoneOf(host: string): string {
  return host.split('.').slice(-2).join('.')
}

function withResolver(): { promise: Promise<void>; resolve: () => void } {
  let resolve!: () => void
  const promise = new Promise<void>((settle) => (resolve = settle))
  return { promise, resolve }
}

function untilAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as Error)
    if (signal.aborted) abort()
    signal.addEventListener('abort', abort, { once: true })
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}
