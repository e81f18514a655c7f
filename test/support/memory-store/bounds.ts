import { NEVER } from '../../../src/job/limits.ts'
import type { Queue } from '../../../src/store/admission.ts'
import { keyOf, type Tables } from './tables.ts'

// The lower bounds of the next due times of queues and groups. A bound of null stays null until an
// event frees the queue or the group: the last look has found that time alone does not.

/** Lowers the bounds of a job's queue and group, because the job has been queued. */
export function join(
  tables: Tables,
  { kind, priority, group }: Queue & { group: string | null },
  runAt: number,
  now: number,
): void {
  const key = keyOf(kind, priority)
  const known = tables.queues.get(key)
  const readyAt = lower(known?.readyAt, runAt)
  tables.queues.set(key, { kind, priority, readyAt })
  if (group === null) return
  const groupKey = keyOf(kind, priority, group)
  const member = tables.groups.get(groupKey)
  // A group that has had its turn does not come before other groups again because of an older job.
  const at = member === undefined ? runAt : lower(member.readyAt, Math.max(runAt, now))
  const served = member?.served ?? 0
  tables.groups.set(groupKey, { kind, priority, group, readyAt: at, served })
}

/** Sets the bound that a look at the queue has found. */
export function bound(tables: Tables, { kind, priority }: Queue, readyAt: number | null): void {
  tables.queues.set(keyOf(kind, priority), { kind, priority, readyAt })
}

/** Lets the next job of a group start, when a run of the group has ended or its pause is over. */
export function freeGroup(tables: Tables, kind: string, group: string | null, now: number): void {
  for (const [key, row] of tables.groups) {
    if (row.kind !== kind || row.group !== group || row.readyAt !== null) continue
    tables.groups.set(key, { ...row, readyAt: now })
    join(tables, { kind, priority: row.priority, group: null }, now, now)
  }
}

/** The breaker of a group is closed by hand: its jobs may start before the breaker would let them. */
export function wakeGroup(tables: Tables, kind: string, group: string, now: number): void {
  for (const [key, row] of tables.groups) {
    const isPutOff = row.readyAt === null || row.readyAt > now
    if (row.kind !== kind || row.group !== group || !isPutOff) continue
    tables.groups.set(key, { ...row, readyAt: now })
    join(tables, { kind, priority: row.priority, group: null }, now, now)
  }
}

/** Sets queues free; returns how many were put off. */
export function freeQueues(tables: Tables, now: number, kind?: string): number {
  return free(tables.queues, now, kind)
}

/** Sets groups free, also those that a rate has put off. */
export function freeGroups(tables: Tables, now: number, kind?: string): number {
  return free(tables.groups, now, kind)
}

function free<R extends { kind: string; readyAt: number | null }>(
  rows: Map<string, R>,
  now: number,
  kind: string | undefined,
): number {
  let freed = 0
  for (const [key, row] of rows) {
    if (kind !== undefined && row.kind !== kind) continue
    if (row.readyAt !== null && row.readyAt <= now) continue
    rows.set(key, { ...row, readyAt: now })
    freed += 1
  }
  return freed
}

function lower(known: number | null | undefined, at: number): number | null {
  return known === null ? null : Math.min(known ?? NEVER, at, NEVER)
}
