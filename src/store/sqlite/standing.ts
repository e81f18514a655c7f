import type { JobRecord } from '../../job/job.ts'
import type { Pause } from '../../job/pause.ts'
import { freeAt, spentAt } from '../claiming/bucket.ts'
import type { Queue } from '../admission.ts'
import type { Standing } from '../inspection.ts'
import type { QueueClock } from '../timeline.ts'
import { jobRecord } from './rows.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'

/** Jobs ahead are counted up to here: nobody needs to know it more exactly. */
const MOST_AHEAD = 10_000
/** Jobs of a group that are named at the most: more than any lane runs. */
const MOST_NAMED = 10_000

/** The queues that have queued jobs: a few, however many jobs there are. */
export function backlog(statements: QueueStatements): Queue[] {
  return statements.backlog.all().map((row): Queue => {
    return { kind: row[0] as string, priority: row[1] as number }
  })
}

/** The earliest time at which a queued job is due; Infinity when none is queued. */
export function oldestQueued(statements: QueueStatements): number {
  const heads = backlog(statements).flatMap(({ kind, priority }) => [
    statements.head.get(kind, priority),
    statements.groupedHead.get(kind, priority),
  ])
  return Math.min(...heads.filter((head) => head !== undefined).map(Number))
}

export function pauses(statements: QueueStatements): Pause[] {
  return statements.pauses.all().map(([lane, kind, group, since, by]) => ({
    lane: (lane as string) || null,
    kind: (kind as string) || null,
    group: (group as string) || null,
    since: since as number,
    by: by as string | null,
  }))
}

export function standing(
  statements: QueueStatements & EnqueueStatements,
  clock: QueueClock,
  id: number,
  now: number,
  rivals: (job: JobRecord, backlog: Queue[]) => Queue[],
): Standing | undefined {
  const row = statements.get.get(id)
  if (row === undefined) return undefined
  const job = jobRecord(row, clock)
  const { kind, group, dedupeKey } = job
  const [holder] = (statements.holder.get(dedupeKey) ?? []) as [number?]
  const spent = (name: string) => statements.spent.get(kind, name) as number | undefined
  const [ofKind, ofGroup] = [spent(''), group === null ? 0 : spent(group)]
  return {
    job,
    pauses: pauses(statements),
    ahead: ahead(statements, job, clock.timeOf(job.runAt), now, rivals(job, backlog(statements))),
    groupRunning: group === null ? [] : running(statements, kind, group),
    keyHolder: holder === id ? undefined : holder,
    kindFreeAt: (rate) => clock.wallOf(freeAt(spentAt(now, rate, ofKind), rate)),
    groupFreeAt: (rate) => clock.wallOf(freeAt(spentAt(now, rate, ofGroup), rate)),
  }
}

function running(statements: QueueStatements, kind: string, group: string): number[] {
  return statements.groupMembers.all(kind, group, MOST_NAMED).map((row) => row[0] as number)
}

/** Due jobs of these queues that come before the job; a group counts with the one that is its next. */
function ahead(
  statements: QueueStatements,
  { priority, id }: JobRecord,
  runAt: number,
  now: number,
  queues: Queue[],
): number {
  let sum = 0
  for (const queue of queues.filter((one) => one.priority <= priority)) {
    const until = queue.priority < priority ? now : Math.min(now, runAt)
    const before = queue.priority < priority ? Number.MAX_SAFE_INTEGER : id
    const limit = MOST_AHEAD - sum
    if (limit <= 0) break
    sum += statements.ahead.get(queue.kind, queue.priority, until, before, limit) as number
    sum += statements.groupsAhead.get(queue.kind, queue.priority, until, limit) as number
  }
  return Math.min(sum, MOST_AHEAD)
}
