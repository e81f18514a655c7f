import type { ClaimedJob, NewJob } from '../../../src/job/job.ts'
import type { Queue } from '../../../src/store/admission.ts'
import { QueueSet } from '../../../src/store/claiming/queue-set.ts'
import type { Candidate, ClaimSource, ReadyGroup } from '../../../src/store/claiming/source.ts'
import type { UnfiledJob } from '../../../src/store/turn.ts'
import { bound, join } from './bounds.ts'
import { claimedOf, type Row } from './row.ts'
import { keyOf, type GroupRow, type Tables } from './tables.ts'

/** Reads and writes the queue for the claims of one turn. */
export class MemoryClaimSource implements ClaimSource {
  readonly #tables: Tables
  readonly #now: number
  readonly #claim: number

  constructor(tables: Tables, now: number, claim: number) {
    this.#tables = tables
    this.#now = now
    this.#claim = claim
  }

  due(jobs: readonly NewJob[]): Queue[] {
    const queues = new QueueSet()
    for (const queue of this.#tables.queues.values()) if (this.#isDue(queue)) queues.add(queue)
    for (const job of jobs) queues.add(job)
    return queues.all()
  }

  jobs(queue: Queue, limit: number, characters: number, filed: boolean): Candidate[] {
    const due = this.#tables.queued(queue).filter((row) => {
      return row.group === null && row.runAt <= this.#now && (row.isFiled || !filed)
    })
    return withRoom(due, limit, characters).map((row) => this.#candidate(row))
  }

  ready(queue: Queue, limit: number): ReadyGroup[] {
    const ready = this.#groups(queue).filter((row) => this.#isDue(row))
    const waiting = ready.map(({ group, readyAt, served }) => ({ group, since: readyAt!, served }))
    return waiting.sort((a, b) => a.since - b.since || a.served - b.served).slice(0, limit)
  }

  head(queue: Queue, group: string): Candidate | undefined {
    const row = this.#queuedOf(queue, group)[0]
    return row && this.#candidate(row)
  }

  headTime(queue: Queue, group: string): number | undefined {
    return this.#queuedOf(queue, group)[0]?.runAt
  }

  earliest(queue: Queue, looked: number): number {
    const groups = this.#groups(queue).map(({ readyAt }) => readyAt ?? Infinity)
    const head = this.#queuedOf(queue, null)[0]?.runAt ?? Infinity
    return Math.min(head, ...groups.filter((readyAt) => readyAt > looked))
  }

  running(kind: string, group: string): number {
    const running = this.#tables.in('running')
    return running.filter((row) => row.kind === kind && row.group === group).length
  }

  spent(kind: string, group: string): number | undefined {
    return this.#tables.spent.get(keyOf(kind, group))
  }

  unfiled(kind: string, limit: number, characters: number): UnfiledJob[] {
    const rows = this.#tables
      .in('queued')
      .filter((row) => row.kind === kind && !row.isFiled)
      .sort((a, b) => a.runAt - b.runAt || a.id - b.id)
    return withRoom(rows, limit, characters).map(({ id, payload, runAt }) => {
      return { id, kind, payload, runAt }
    })
  }

  claim(jobs: readonly ClaimedJob[]): void {
    const claimed = { state: 'running', startedAt: this.#now, isBackingOff: false } as const
    for (const { id, token, attempt } of jobs) {
      const row = this.#tables.jobs.get(id)!
      const own = { token, attempts: attempt, wallAt: null, rerunAt: null }
      this.#tables.change(row, { ...claimed, ...own })
    }
  }

  postpone(job: ClaimedJob, until: number): void {
    this.#tables.change(this.#tables.jobs.get(job.id)!, { runAt: until })
    join(this.#tables, job, until, this.#now)
  }

  serve({ kind, priority }: Queue, group: string, readyAt: number | null, served: number): void {
    const row = { kind, priority, group, readyAt, served }
    this.#tables.groups.set(keyOf(kind, priority, group), row)
  }

  leave({ kind, priority }: Queue, group: string): void {
    this.#tables.groups.delete(keyOf(kind, priority, group))
  }

  spend(kind: string, group: string, full: number): void {
    this.#tables.spent.set(keyOf(kind, group), full)
  }

  bound(queue: Queue, readyAt: number | null): void {
    bound(this.#tables, queue, readyAt)
  }

  #isDue({ readyAt }: { readyAt: number | null }): boolean {
    return readyAt !== null && readyAt <= this.#now
  }

  #groups({ kind, priority }: Queue): GroupRow[] {
    const groups = [...this.#tables.groups.values()]
    return groups.filter((row) => row.kind === kind && row.priority === priority)
  }

  #queuedOf(queue: Queue, group: string | null): Row[] {
    return this.#tables.queued(queue).filter((row) => row.group === group)
  }

  #candidate(row: Row): Candidate {
    return { job: claimedOf(row, this.#claim + row.id, row.attempts + 1), runAt: row.runAt }
  }
}

/** The first rows, up to the row whose payload takes the last of the characters. */
function withRoom(rows: Row[], limit: number, characters: number): Row[] {
  let left = characters
  return rows.slice(0, limit).filter(({ payload }) => {
    const hasRoom = left > 0
    left -= payload.length
    return hasRoom
  })
}
