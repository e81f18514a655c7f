import type { Breaker } from '../../job/breaker.ts'
import type { JobRecord } from '../../job/job.ts'
import type { Pause } from '../../job/pause.ts'
import type { Queue } from '../admission.ts'
import type { Standing } from '../inspection.ts'
import { standingOf, type StandingSource } from '../rules/standing.ts'
import type { QueueClock } from '../timeline.ts'
import { jobRecord } from './rows.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'

/** The queues that have queued jobs. They are few, however many jobs there are. */
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

export function breakers(statements: QueueStatements): Breaker[] {
  return statements.breakers.all().map((row) => {
    const [kind, group, since, opened, until, room, failures, trips, reason] = row as [
      string,
      string,
      number,
      number,
      number,
      number,
      number,
      number,
      string,
    ]
    return { kind, group, since, opened, until, room, failures, trips, reason }
  })
}

/** Reads by statements, at one moment, what a standing is made of. */
function sourceOf(statements: QueueStatements & EnqueueStatements): StandingSource {
  return {
    pauses: () => pauses(statements),
    backlog: () => backlog(statements),
    holder: (key) => statements.holder.get(key)?.[0] as number | undefined,
    spent: (kind, group) => statements.spent.get(kind, group) as number | undefined,
    groupRunning: (kind, group, limit) =>
      statements.groupMembers.all(kind, group, limit).map((row) => row[0] as number),
    ahead: ({ kind, priority }, runAt, id, limit) =>
      statements.ahead.get(kind, priority, runAt, id, limit) as number,
    groupsAhead: ({ kind, priority }, runAt, limit) =>
      statements.groupsAhead.get(kind, priority, runAt, limit) as number,
  }
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
  return standingOf(sourceOf(statements), clock, jobRecord(row, clock), now, rivals)
}
