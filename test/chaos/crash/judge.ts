import type { JobRecord } from '../../../src/index.ts'
import type { Entry } from './ledger.ts'
import { Overlap } from './overlap.ts'
import type { Place } from './points.ts'
import { Runs, type Hits } from './runs.ts'
import { isHopeless, submission, type Payload } from './submissions.ts'
import { violation } from './violation.ts'

/** What a process leaves behind. */
export interface Remains {
  /** Numbers of the submissions that were acknowledged to the process. */
  acks: number[]
  /** What the handlers of the process have written down. */
  entries: Entry[]
  /** The jobs in the file. */
  rows: JobRecord[]
}

/**
 * Follows processes that are killed, one after the other, and finds what must not happen.
 *
 * Each acknowledged submission is owed a run. Without a key, a submission is owed a run until a run
 * of it has ended. With a key, it is owed one until a run has started with its payload or a newer
 * one.
 */
export class Judge {
  /** By the place of the kill. */
  readonly hits = new Map<Place, Hits>()
  /** Jobs that are dead since three kills have found them running. */
  dead = 0
  readonly #runs = new Runs()
  readonly #overlap = new Overlap()
  readonly #acknowledged = new Set<number>()
  /** Submissions that kills have found written, but not acknowledged. */
  readonly #counted = new Set<number>()
  /** Acknowledged submissions that are owed a run. */
  readonly #owed = new Set<number>()
  /** By key: the newest submission with which a run has started. */
  readonly #started = new Map<string, number>()
  /** Submissions whose run has ended. */
  readonly #ended = new Set<number>()

  get acknowledged(): number {
    return this.#acknowledged.size
  }

  killed(place: Place, { acks, entries, rows }: Remains): void {
    this.#look(acks, entries)
    const hits = this.#hitsAt(place)
    hits.kills += 1
    hits.unacknowledged += this.#unacknowledged(rows)
    this.#runs.kill(new Map(rows.map((row) => [row.id, row])), hits)
    this.#checkOwed(rows)
  }

  /** Judges the last process, which has come to the end of the queue. */
  drained({ acks, entries, rows }: Remains): void {
    this.#look(acks, entries)
    this.#checkOwed(rows)
    for (const row of rows) {
      if (row.state !== 'dead') violation('a job is stuck', row)
      if (!this.#hasReason(row)) violation('a job is dead without a good reason', row)
    }
  }

  /** Counts the written submissions that were neither acknowledged nor counted before. */
  #unacknowledged(rows: JobRecord[]): number {
    const before = this.#counted.size
    for (const n of rows.map(numberOf)) if (!this.#acknowledged.has(n)) this.#counted.add(n)
    return this.#counted.size - before
  }

  #hitsAt(place: Place): Hits {
    const none = { kills: 0, unacknowledged: 0, claimed: 0, started: 0, ended: 0 }
    const hits = this.hits.get(place) ?? none
    this.hits.set(place, hits)
    return hits
  }

  #look(acks: number[], entries: Entry[]): void {
    for (const n of acks) {
      this.#acknowledged.add(n)
      this.#owed.add(n)
    }
    for (const entry of entries) {
      this.#overlap.look(entry)
      this.#runs.look(entry)
      const { what, key, n } = entry
      if (what === 'start') this.#started.set(key, Math.max(n, this.#started.get(key) ?? 0))
      if (what === 'end') this.#ended.add(n)
    }
    for (const n of this.#owed) if (this.#hasRun(n)) this.#owed.delete(n)
  }

  #hasRun(n: number): boolean {
    const { dedupeKey } = submission(n)
    if (dedupeKey === null) return this.#ended.has(n)
    return (this.#started.get(dedupeKey) ?? 0) >= n
  }

  /** Checks I1, and after the last process I2 and I4. */
  #checkOwed(rows: JobRecord[]): void {
    const kept = new Set<number>()
    const keys = new Map<string, number>()
    for (const { dedupeKey, ...row } of rows) {
      const n = numberOf(row)
      kept.add(n)
      if (dedupeKey) keys.set(dedupeKey, Math.max(n, keys.get(dedupeKey) ?? 0))
    }
    const lost = [...this.#owed].filter((n) => {
      const { dedupeKey } = submission(n)
      return dedupeKey === null ? !kept.has(n) : (keys.get(dedupeKey) ?? 0) < n
    })
    if (lost.length > 0) violation('acknowledged, and lost', lost)
  }

  #hasReason(row: JobRecord): boolean {
    switch (row.errors.at(-1)?.name) {
      case 'LostError':
        this.dead += 1
        return this.#runs.isLost(row)
      case 'PermanentError':
        return row.kind === 'keyed' && isHopeless(numberOf(row))
      case 'TimeoutError':
        return row.kind === 'stubborn' && row.attempts === 5
      default:
        return false
    }
  }
}

function numberOf({ payload }: Pick<JobRecord, 'payload'>): number {
  return (payload as Payload).n
}
