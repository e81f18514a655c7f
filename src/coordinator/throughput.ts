/**
 * Most milliseconds of a lane's recent past that the rate covers; it covers at least half of them.
 */
const WINDOW = 10_000

interface Span {
  since: number
  jobs: number
}

/** How many jobs have settled in each lane lately. */
export class Throughput {
  readonly #lanes = new Map<string, { now: Span; before: Span | undefined }>()

  count(lane: string, now: number): void {
    this.#spans(lane, now).now.jobs += 1
  }

  /** Jobs that settle in a millisecond; 0 when none has settled. */
  of(lane: string, now: number): number {
    const { now: span, before } = this.#spans(lane, now)
    const jobs = span.jobs + (before?.jobs ?? 0)
    return jobs / Math.max(1, now - (before ?? span).since)
  }

  #spans(lane: string, now: number): { now: Span; before: Span | undefined } {
    const known = this.#lanes.get(lane)
    if (known !== undefined && Math.abs(now - known.now.since) < WINDOW / 2) return known
    const spans = { now: { since: now, jobs: 0 }, before: known?.now }
    this.#lanes.set(lane, spans)
    return spans
  }
}
