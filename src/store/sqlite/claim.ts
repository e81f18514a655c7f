import { randomInt } from 'node:crypto'
import type { ClaimedJob } from '../../job/job.ts'
import type { Admission, PricedQueue, Queue } from '../store.ts'
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
  const { ids, full } = dueIds(statements, admission, now)
  const jobs = ids.flatMap((id) => {
    lastToken += 1
    const row = statements.claim.get(lastToken, now, id)
    // Claimed by another admission of this turn that named the same queue.
    if (row === undefined) return []
    const job = claimedJob(id, lastToken, row)
    counters.move('queued', 'running', job.kind, job.priority)
    return [job]
  })
  return { jobs, nextDue: full ? Infinity : earliest(statements, admission.queues) }
}

interface Due {
  runAt: number
  id: number
  cost: number
}

/** Costs are fractions: their sums are not exact. */
const SLACK = 1e-9

/** In the order `priority, run_at, id`, one priority after the other. */
function dueIds(statements: QueueStatements, admission: Admission, now: number) {
  const { queues, most } = admission
  const ids: number[] = []
  let room = admission.room + SLACK
  for (const priority of new Set(queues.map((queue) => queue.priority).sort(ascending))) {
    const level = queues.filter((queue) => queue.priority === priority)
    for (const { id, cost } of dueAt(statements, level, now, room, most - ids.length)) {
      if (ids.length === most || cost > room) return { ids, full: true }
      room -= cost
      ids.push(id)
    }
  }
  const cheapest = Math.min(...queues.map(({ cost }) => cost))
  return { ids, full: ids.length === most || cheapest > room }
}

/** The first due jobs of one priority: one more than there is room for, if there are so many. */
function dueAt(
  statements: QueueStatements,
  level: PricedQueue[],
  now: number,
  room: number,
  most: number,
): Due[] {
  const due = level.flatMap(({ kind, priority, cost }) => {
    const limit = Math.min(Math.floor(room / cost), most) + 1
    const rows = statements.due.all(kind, priority, now, limit) as [number, number][]
    return rows.map(([runAt, id]) => ({ runAt, id, cost }))
  })
  // One kind's jobs come in order from the index; those of several kinds have to be merged.
  if (level.length > 1) due.sort((a, b) => a.runAt - b.runAt || a.id - b.id)
  return due
}

function ascending(a: number, b: number): number {
  return a - b
}

/** When the first job of these queues is due. */
export function earliest(statements: QueueStatements, queues: Queue[]): number {
  const heads = queues.map(({ kind, priority }) => statements.head.get(kind, priority))
  return Math.min(...heads.filter((head) => head !== undefined).map(Number))
}
