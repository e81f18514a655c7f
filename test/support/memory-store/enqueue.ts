import type { HelveError } from '../../../src/job/errors.ts'
import type { EnqueueResult, NewJob } from '../../../src/job/job.ts'
import type { TurnClaims } from '../../../src/store/claiming/turn-claims.ts'
import { keyOfAnotherKind } from '../../../src/store/rules/refusals.ts'
import { join } from './bounds.ts'
import { claimedOf, newRow, type Row } from './row.ts'
import type { Tables } from './tables.ts'

/** The tables and times with which the jobs of one transaction are written. */
export interface Writing {
  tables: Tables
  now: number
  wall: number
}

export type Written = EnqueueResult | HelveError

/** Writes one job, or folds it into the job that holds its dedupe key. */
export function enqueue(writing: Writing, job: NewJob): EnqueueResult {
  const { tables, now } = writing
  const holder = tables.holder(job.dedupeKey)
  if (holder && holder.kind !== job.kind) {
    throw keyOfAnotherKind(job.dedupeKey!, job.kind, holder)
  }
  const row = holder === undefined ? insert(writing, job) : fold(tables, holder, job)
  if (row.state === 'queued') join(tables, row, row.runAt, now)
  const state = row.state === 'running' ? 'running' : 'queued'
  return { id: row.id, deduped: holder !== undefined, state }
}

/** Writes a job, and claims it at once if the claims admit that. */
export function write(
  writing: Writing,
  job: NewJob,
  claims: TurnClaims,
  claim: number,
): EnqueueResult {
  if (!claims.admits(job)) return enqueue(writing, job)
  const { tables, now } = writing
  const row = insert(writing, job)
  const token = claim + row.id
  tables.change(row, { state: 'running', attempts: 1, token, startedAt: now, wallAt: null })
  claims.add(claimedOf(row, token, 1))
  return { id: row.id, deduped: false, state: 'running' }
}

function insert({ tables, now, wall }: Writing, job: NewJob): Row {
  tables.lastId += 1
  return tables.put(newRow(job, tables.lastId, now, wall))
}

/**
 * A fold into a running job asks for another run, at the earliest of the times at which the folded
 * submissions are due. A job that waits for a retry keeps the time of the retry, and gets fresh
 * attempts.
 */
function fold(tables: Tables, row: Row, { payload, runAt, wallAt }: NewJob): Row {
  const folded = { payload, folds: row.folds + 1 }
  if (row.state === 'running') {
    const rerunAt = Math.min(row.rerunAt ?? runAt, runAt)
    return tables.change(row, { ...folded, rerunAt, wallAt: earlier(row.wallAt, wallAt) })
  }
  if (row.isBackingOff) return tables.change(row, { ...folded, attempts: 0 })
  const times = { runAt: Math.min(row.runAt, runAt), wallAt: earlier(row.wallAt, wallAt) }
  return tables.change(row, { ...folded, ...times })
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b)
}
