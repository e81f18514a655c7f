import { HelveError, read } from '../../job/errors.ts'
import type { ClaimedJob, JobRecord } from '../../job/job.ts'
import type { Pause, PauseTarget } from '../../job/pause.ts'
import type { Queue, Standing } from '../store.ts'
import { freeAt, spentAt } from './budget.ts'
import { backlog } from './turn-claims.ts'
import type { Counters } from './counters.ts'
import { joinGroup } from './groups.ts'
import { claimedBefore, jobRecord } from './rows.ts'
import type { EnqueueStatements, QueueStatements } from './statements.ts'

/** Jobs ahead are counted up to here: nobody needs to know it more exactly. */
const MOST_AHEAD = 10_000
/** Jobs of a group that are named at the most: more than any lane runs. */
const MOST_NAMED = 10_000

/** The `runAt` of the queued job that has the earliest; Infinity when none is queued. */
export function oldestQueued(statements: QueueStatements): number {
  const heads = backlog(statements).flatMap(({ kind, priority }) => [
    statements.head.get(kind, priority),
    statements.groupedHead.get(kind, priority),
  ])
  return Math.min(...heads.filter((head) => head !== undefined).map(Number))
}

/** @throws HelveError `HELVE_ERR_DEDUPE_KEY` when a newer job holds its key */
export function retry(
  statements: QueueStatements & EnqueueStatements,
  counters: Counters,
  id: number,
  now: number,
): boolean {
  const row = requeueDead(statements, id, now)
  if (row === undefined) return false
  const [kind, priority, group] = row as [string, number, string | null]
  counters.move('dead', 'queued', kind, priority)
  joinGroup(statements, { kind, group, priority }, now, now)
  return true
}

function requeueDead(
  statements: QueueStatements & EnqueueStatements,
  id: number,
  now: number,
): unknown[] | undefined {
  try {
    return statements.retry.get(now, id)
  } catch (error) {
    if (read(error, 'code') !== 'SQLITE_CONSTRAINT_UNIQUE') throw error
    const key = statements.keyOf.get(id) as string
    const [holder] = statements.holder.get(key) ?? []
    throw new HelveError(
      'HELVE_ERR_DEDUPE_KEY',
      `dedupeKey: expected a free key to retry job ${id}, got ${JSON.stringify(key)}, ` +
        `which job ${String(holder)} holds`,
    )
  }
}

export function cancel(
  statements: QueueStatements,
  counters: Counters,
  id: number,
  now: number,
  token: number | undefined,
): ClaimedJob | 'running' | undefined {
  const attempt = statements.get.get(id)?.[6]
  const error = JSON.stringify({ at: now, attempt, name: 'CancelledError', message: 'cancelled' })
  const row = statements.cancelQueued.get({ id, now, error })
  if (row === undefined) {
    return statements.cancelRunning.run(id, token).changes === 1 ? 'running' : undefined
  }
  const job = claimedBefore([...row, 0])
  counters.move('queued', 'dead', job.kind, job.priority)
  return job
}

type PauseKey = [lane: string, kind: string, group: string]

function keyOf(target: PauseTarget): PauseKey {
  if ('lane' in target) return [target.lane, '', '']
  return ['', target.kind, target.group ?? '']
}

export function pause(
  statements: QueueStatements,
  target: PauseTarget,
  now: number,
  by: string | null,
): boolean {
  return statements.pause.run(...keyOf(target), now, by).changes === 1
}

export function resume(statements: QueueStatements, target: PauseTarget, now: number): boolean {
  if ('kind' in target && target.group !== undefined) {
    statements.freeGroup.run(now, target.kind, target.group)
  }
  return statements.resume.run(...keyOf(target)).changes === 1
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
  id: number,
  now: number,
  rivals: (job: JobRecord, backlog: Queue[]) => Queue[],
): Standing | undefined {
  const row = statements.get.get(id)
  if (row === undefined) return undefined
  const job = jobRecord(row)
  const { kind, group, dedupeKey } = job
  const [holder] = (statements.holder.get(dedupeKey) ?? []) as [number?]
  const spent = (name: string) => statements.spent.get(kind, name) as number | undefined
  const [ofKind, ofGroup] = [spent(''), group === null ? 0 : spent(group)]
  return {
    job,
    pauses: pauses(statements),
    ahead: ahead(statements, job, now, rivals(job, backlog(statements))),
    groupRunning: group === null ? [] : running(statements, kind, group),
    keyHolder: holder === id ? undefined : holder,
    kindFreeAt: (rate) => freeAt(spentAt(now, rate, ofKind), rate),
    groupFreeAt: (rate) => freeAt(spentAt(now, rate, ofGroup), rate),
  }
}

function running(statements: QueueStatements, kind: string, group: string): number[] {
  return statements.groupMembers.all(kind, group, MOST_NAMED).map((row) => row[0] as number)
}

/** Due jobs of these queues that come before the job; a group counts with the one that is its next. */
function ahead(
  statements: QueueStatements,
  { priority, runAt, id }: JobRecord,
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
