import { unitsOf } from '../thread/credit.ts'

/** Most units of lines that wait at a time: 1,000 short lines, or some 8 MiB of characters. */
const MOST_WAITING = 1_000

/** Bounds how much may be on its way to the receiver, and tells when there is room again. */
export interface Room {
  /** Whether a message of this size may be sent now. If so, the message counts from now on. */
  take(units: number): boolean
  /** Counts a message that is sent even without room. */
  overdraw(units: number): void
  /** Resolves once there may be more room. */
  returned(): Promise<void>
}

/** Carries lines and progress to the receiver. */
export interface Carrier<Line> {
  readonly room: Room
  line(line: Line, units: number): void
  /** `json` is undefined if the value is undefined. */
  progress(id: number, json: string | undefined, units: number): void
  /** @param id the job whose lines were dropped; `null` for lines of no run */
  dropped(id: number | null, lines: number): void
}

/**
 * Sends lines and progress of runs no faster than the receiver takes them. Lines without room wait.
 * Beyond {@link MOST_WAITING}, lines are dropped and counted, and one line for each run tells how
 * many. Of the progress of a run only the newest value waits.
 */
export class Outbox<Line> {
  readonly #carrier: Carrier<Line>
  readonly #mostWaiting: number
  #lines: { line: Line; units: number }[] = []
  #units = 0
  /** The newest progress that waits, by job. */
  readonly #progress = new Map<number, string | undefined>()
  readonly #dropped = new Map<number | null, number>()
  /** Resolves once everything has been sent; undefined while nothing waits. */
  #emptying: Promise<void> | undefined

  /** @param mostWaiting units of lines that may wait */
  constructor(carrier: Carrier<Line>, mostWaiting = MOST_WAITING) {
    this.#carrier = carrier
    this.#mostWaiting = mostWaiting
  }

  line(id: number | null, line: Line, units: number): void {
    if (this.#flush() && this.#carrier.room.take(units)) return this.#carrier.line(line, units)
    if (this.#units + units <= this.#mostWaiting) {
      this.#lines.push({ line, units })
      this.#units += units
    } else this.#dropped.set(id, (this.#dropped.get(id) ?? 0) + 1)
    this.#emptyLater()
  }

  progress(id: number, json: string | undefined): void {
    this.#progress.set(id, json)
    if (!this.#flush()) this.#emptyLater()
  }

  /**
   * A run is over. Sends its newest progress at once, so that the progress arrives before the end.
   */
  over(id: number): void {
    if (!this.#progress.has(id)) return
    const json = this.#progress.get(id)
    this.#carrier.room.overdraw(unitsOfJson(json))
    this.#sendProgress(id, json)
  }

  /** Resolves once nothing waits. */
  async empty(): Promise<void> {
    await this.#emptying
  }

  #emptyLater(): void {
    this.#emptying ??= this.#empty()
  }

  async #empty(): Promise<void> {
    do await this.#carrier.room.returned()
    while (!this.#flush())
    this.#emptying = undefined
  }

  /** Sends as much as there is room for. Returns whether nothing is left. */
  #flush(): boolean {
    for (const [id, json] of this.#progress) {
      if (!this.#carrier.room.take(unitsOfJson(json))) return false
      this.#sendProgress(id, json)
    }
    let sent = 0
    for (const { line, units } of this.#lines) {
      if (!this.#carrier.room.take(units)) break
      this.#carrier.line(line, units)
      this.#units -= units
      sent += 1
    }
    if (sent > 0) this.#lines.splice(0, sent)
    return this.#lines.length === 0 && this.#tellDropped()
  }

  #sendProgress(id: number, json: string | undefined): void {
    this.#progress.delete(id)
    this.#carrier.progress(id, json, unitsOfJson(json))
  }

  #tellDropped(): boolean {
    for (const [id, lines] of this.#dropped) {
      if (!this.#carrier.room.take(1)) return false
      this.#dropped.delete(id)
      this.#carrier.dropped(id, lines)
    }
    return true
  }
}

function unitsOfJson(json: string | undefined): number {
  return unitsOf(json?.length ?? 0)
}
