import { randomInt } from 'node:crypto'
import type { ClaimedJob } from '../../job/job.ts'
import type { Admission, Queue } from '../store.ts'
import type { Counters } from './counters.ts'
import { claimedJob } from './rows.ts'
import type { QueueStatements } from './statements.ts'

// Counted on from a random start: unique in this process, and no other process guesses them.
let lastToken = randomInt(2 ** 47)

/** What is queued, by kind and priority: a few rows, however many jobs there are. */
export function backlog(statements: QueueStatements): Queue[] {
  return statements.backlog.all().map((row) => ({
    kind: row[0] as string,
    priority: row[1] as number,
    queued: row[2] as number,
  }))
}

/** Claims what an admission lets in; `nextDue` is when it would let in more. */
export function claim(
  statements: QueueStatements,
  counters: Counters,
  admission: Admission,
  now: number,
): { jobs: ClaimedJob[]; nextDue: number } {
  const jobs = dueIds(statements, admission, now).flatMap((id) => {
    lastToken += 1
    const row = statements.claim.get(lastToken, now, id)
    // Claimed by another admission of this turn that named the same queue.
    if (row === undefined) return []
    const job = claimedJob(id, lastToken, row)
    counters.move('queued', 'running', job.kind, job.priority)
    return [job]
  })
  const nextDue = jobs.length < admission.limit ? earliest(statements, admission.queues) : Infinity
  return { jobs, nextDue }
}

/** In the order `priority, run_at, id`, one priority after the other. */
function dueIds(statements: QueueStatements, { queues, limit }: Admission, now: number): number[] {
  const priorities = [...new Set(queues.map((queue) => queue.priority))].sort((a, b) => a - b)
  const ids: number[] = []
  for (const priority of priorities) {
    const kinds = queues.filter((queue) => queue.priority === priority)
    const left = limit - ids.length
    if (left === 0) break
    const due = kinds.flatMap(({ kind }) => statements.due.all(kind, priority, now, left))
    // One kind's jobs come in order from the index; those of several kinds have to be merged.
    if (kinds.length > 1) due.sort(byRunAtAndId)
    for (const row of due.slice(0, left)) ids.push(row[1] as number)
  }
  return ids
}

function byRunAtAndId(a: unknown[], b: unknown[]): number {
  return (a[0] as number) - (b[0] as number) || (a[1] as number) - (b[1] as number)
}

/** When the first job of these queues is due. */
export function earliest(statements: QueueStatements, queues: Queue[]): number {
  const heads = queues.map(({ kind, priority }) => statements.head.get(kind, priority))
  return Math.min(...heads.filter((head) => head !== undefined).map(Number))
}
