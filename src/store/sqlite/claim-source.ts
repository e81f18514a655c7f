import type { ClaimedJob, NewJob } from '../../job/job.ts'
import { QueueSet } from '../claiming/queue-set.ts'
import type { Candidate, ClaimSource, ReadyGroup } from '../claiming/source.ts'
import type { Queue } from '../admission.ts'
import type { UnfiledJob } from '../turn.ts'
import { joinQueue } from './groups.ts'
import type { QueueChanges } from './queue-changes.ts'
import { claimedNow, ID, PAYLOAD, RUN_AT } from './rows.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'

type Row = unknown[]

/** Rows in the first chunk. Each further chunk is four times as large, if payloads leave room. */
const FIRST_CHUNK = 16

/** Reads and writes the queue for the claims of one turn, inside the turn's transaction. */
export class SqliteClaimSource implements ClaimSource {
  readonly #statements: QueueStatements & EnqueueStatements
  readonly #changes: QueueChanges
  readonly #now: number
  /** The number of the claim. A job's token is the sum of this number and the job's id. */
  readonly #claim: number

  constructor(
    statements: QueueStatements & EnqueueStatements,
    changes: QueueChanges,
    now: number,
    claim: number,
  ) {
    this.#statements = statements
    this.#changes = changes
    this.#now = now
    this.#claim = claim
  }

  due(jobs: readonly NewJob[]): Queue[] {
    const queues = new QueueSet()
    for (const [kind, priority] of this.#statements.dueQueues.all(this.#now)) {
      queues.add({ kind: kind as string, priority: priority as number })
    }
    for (const queue of this.#changes.due(this.#now)) queues.add(queue)
    for (const job of jobs) queues.add(job)
    return queues.all()
  }

  jobs(queue: Queue, limit: number, characters: number, filed: boolean): Candidate[] {
    const { due } = this.#statements
    const { kind, priority } = queue
    const rows = inChunks(limit, characters, (last, most) => {
      const after = last === undefined ? [-Infinity, -1] : [last[RUN_AT], last[ID]]
      return due.all(kind, priority, this.#now, ...after, Number(filed), most)
    })
    return rows.map((row) => this.#candidate(row, queue, null))
  }

  ready({ kind, priority }: Queue, limit: number): ReadyGroup[] {
    const rows = this.#statements.ready.all(kind, priority, this.#now, limit)
    return rows.map(([group, since, served]) => {
      return { group: group as string, since: since as number, served: served as number }
    })
  }

  head(queue: Queue, group: string): Candidate | undefined {
    const row = this.#statements.groupDue.get(queue.kind, group, queue.priority)
    return row && this.#candidate(row, queue, group)
  }

  headTime({ kind, priority }: Queue, group: string): number | undefined {
    return this.#statements.groupHead.get(kind, group, priority) as number | undefined
  }

  earliest({ kind, priority }: Queue, looked: number): number {
    const head = this.#statements.head.get(kind, priority) as number | undefined
    const group = this.#statements.nextGroup.get(kind, priority, looked) as number | undefined
    return Math.min(head ?? Infinity, group ?? Infinity)
  }

  running(kind: string, group: string): number {
    return this.#statements.groupRunning.get(kind, group) as number
  }

  spent(kind: string, group: string): number | undefined {
    return this.#statements.spent.get(kind, group) as number | undefined
  }

  unfiled(kind: string, limit: number, characters: number): UnfiledJob[] {
    const { unfiled } = this.#statements
    const rows = inChunks(limit, characters, (last, most) => {
      const after = last === undefined ? [-Infinity, -1] : [last[2], last[ID]]
      return unfiled.all(kind, ...after, most)
    })
    return rows.map((row) => {
      const [id, payload, runAt] = row as [number, string, number]
      return { id, kind, payload, runAt }
    })
  }

  claim(jobs: readonly ClaimedJob[]): void {
    const ids = JSON.stringify(jobs.map(({ id }) => id))
    this.#statements.claim.run(this.#claim, this.#now, ids)
    for (const { kind, priority } of jobs) this.#changes.move('queued', 'running', kind, priority)
  }

  postpone(job: ClaimedJob, until: number): void {
    this.#statements.postpone.run(until, job.id)
    joinQueue(this.#statements, this.#changes, job, until, this.#now)
  }

  serve({ kind, priority }: Queue, group: string, readyAt: number | null, served: number): void {
    this.#statements.serveGroup.run(readyAt, served, kind, group, priority)
  }

  leave({ kind, priority }: Queue, group: string): void {
    this.#statements.leaveGroup.run(kind, group, priority)
  }

  spend(kind: string, group: string, full: number, isNew: boolean): void {
    this.#statements.spend.run(kind, group, full)
    if (isNew) this.#statements.forgetSpent.run(this.#now)
  }

  bound(queue: Queue, readyAt: number | null): void {
    this.#changes.bound(queue, readyAt)
  }

  #candidate(row: unknown[], queue: Queue, group: string | null): Candidate {
    return { job: claimedNow(row, this.#claim, queue, group), runAt: row[RUN_AT] as number }
  }
}

/**
 * Reads rows in growing chunks, until their payloads have `characters` characters: one look at a
 * queue of long payloads must not read all of the payloads.
 */
function inChunks(
  limit: number,
  characters: number,
  read: (last: Row | undefined, most: number) => Row[],
): Row[] {
  const rows: Row[] = []
  let left = characters
  for (let chunk = FIRST_CHUNK; rows.length < limit && left > 0; chunk *= 4) {
    const most = Math.min(chunk, limit - rows.length)
    const more = read(rows.at(-1), most)
    for (const row of more) left -= (row[PAYLOAD] as string).length
    rows.push(...more)
    if (more.length < most) break
  }
  return rows
}
