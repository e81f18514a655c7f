import { unitsOf } from '../thread/credit.ts'

/** Units of lines that wait at a time: 1,000 short lines, or some 8 MiB of characters. */
const MOST_WAITING = 1_000

/** How much may be on its way, and when there is room again. */
export interface Room {
  /** Whether something of this size may be sent now; it counts from then on. */
  take(units: number): boolean
  /** Counts what is sent in any case. */
  overdraw(units: number): void
  /** Resolves once there may be more room. */
  returned(): Promise<void>
}

/** The way of lines and progress to those who hear of them. */
export interface Carrier<Line> {
  readonly room: Room
  line(line: Line, units: number): void
  /** `json` is undefined for a value that is. */
  progress(id: number, json: string | undefined, units: number): void
  /** @param id the run whose lines were dropped; `null` for lines of no run */
  dropped(id: number | null, lines: number): void
}

/**
 * Lines and progress of runs, sent as fast as they are heard and no faster. Beyond that lines wait,
 * and beyond {@link MOST_WAITING} they are dropped, counted, and told of in one line for each run.
 * Of the progress of a run the newest value waits alone.
 */
export class Outbox<Line> {
  readonly #carrier: Carrier<Line>
  readonly #mostWaiting: number
  #lines: { line: Line; units: number }[] = []
  #units = 0
  /** By run. */
  readonly #progress = new Map<number, string | undefined>()
  readonly #dropped = new Map<number | null, number>()
  /** Until all has been sent. */
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

  /** The run is over: the newest of its progress goes before its end. */
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

  /** Sends what there is room for; returns whether that was all. */
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
