import { randomInt } from 'node:crypto'
import type { ClaimedJob } from '../../job/job.ts'
import type { Admission, PricedQueue, Queue } from '../store.ts'
import type { Counters } from './counters.ts'
import { claimedNow } from './rows.ts'
import type { QueueStatements } from './statements.ts'

// Counted on from a random start, in steps that leave room for the ids that are added to it: no two
// claims of a job share a token, and nobody guesses them.
const STEP = 2 ** 21
let lastClaim = randomInt(2 ** 47)

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
): { jobs: ClaimedJob[]; nextDue: number; more: boolean } {
  lastClaim += STEP
  const { rows, full } = due(statements, admission, now)
  const jobs = rows.map((row) => claimedNow(row, lastClaim))
  if (jobs.length > 0) {
    statements.claim.run(lastClaim, now, JSON.stringify(jobs.map(({ id }) => id)))
    for (const { kind, priority } of jobs) counters.move('queued', 'running', kind, priority)
  }
  const nextDue = full ? Infinity : earliest(statements, admission.queues)
  return { jobs, nextDue, more: jobs.length === admission.most }
}

/** Costs are fractions: their sums are not exact. */
const SLACK = 1e-9

/** In the order `priority, run_at, id`, one priority after the other. */
function due(statements: QueueStatements, admission: Admission, now: number) {
  const { queues, most } = admission
  const costs = new Map(queues.map(({ kind, cost }) => [kind, cost]))
  const rows: Row[] = []
  let room = admission.room + SLACK
  for (const priority of new Set(queues.map((queue) => queue.priority).sort(ascending))) {
    const level = queues.filter((queue) => queue.priority === priority)
    for (const row of dueAt(statements, level, now, room, most - rows.length)) {
      const cost = costs.get(row[KIND] as string)!
      if (rows.length === most || cost > room) return { rows, full: true }
      room -= cost
      rows.push(row)
    }
  }
  const cheapest = Math.min(...costs.values())
  return { rows, full: rows.length === most || cheapest > room }
}

type Row = unknown[]

/** Where a row of `statements.due` has what orders it, and its kind. */
const [ID, KIND, RUN_AT] = [0, 1, 10]

/** The first due jobs of one priority: one more than there is room for, if there are so many. */
function dueAt(
  statements: QueueStatements,
  level: PricedQueue[],
  now: number,
  room: number,
  most: number,
): Row[] {
  const rows = level.flatMap(({ kind, priority, cost }) => {
    const limit = Math.min(Math.floor(room / cost), most) + 1
    return statements.due.all(kind, priority, now, limit)
  })
  // One kind's jobs come in order from the index; those of several kinds have to be merged.
  return level.length === 1 ? rows : rows.sort(inOrder)
}

function inOrder(a: Row, b: Row): number {
  return Number(a[RUN_AT]) - Number(b[RUN_AT]) || Number(a[ID]) - Number(b[ID])
}

function ascending(a: number, b: number): number {
  return a - b
}

/** When the first job of these queues is due. */
export function earliest(statements: QueueStatements, queues: Queue[]): number {
  const heads = queues.map(({ kind, priority }) => statements.head.get(kind, priority))
  return Math.min(...heads.filter((head) => head !== undefined).map(Number))
}
