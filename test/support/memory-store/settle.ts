import { costOf, recordedOf, unsettled } from '../../../src/store/rules/ending.ts'
import type { BreakerChange, Settle, SettleResult } from '../../../src/store/turn.ts'
import { freeGroup, join } from './bounds.ts'
import { enqueue, type Writing } from './enqueue.ts'
import { appended, UNCLAIMED, type Row } from './row.ts'
import { keyOf, type Tables } from './tables.ts'

/** Deletes a completed job. False if the claim is not owned, or the job has to run again. */
export function complete(writing: Writing, one: Settle): boolean {
  const row = ownedRow(writing, one)
  if (row === undefined || row.rerunAt !== null) return false
  writing.tables.jobs.delete(row.id)
  freeGroup(writing.tables, row.kind, row.group, writing.now)
  return true
}

/** Ends a claim and writes its follow-ups; if the claim is not owned, undefined and no writes. */
export function settle(writing: Writing, one: Settle): SettleResult | undefined {
  const row = ownedRow(writing, one)
  if (row === undefined) return undefined
  const rerun = row.rerunAt !== null
  const state = rerun ? runAgain(writing, one, row) : moveOut(writing, one, row)
  for (const change of one.breakers) keepBreaker(writing.tables, row.kind, change)
  freeGroup(writing.tables, row.kind, row.group, writing.now)
  return { state, rerun, followUps: one.followUps.map((next) => enqueue(writing, next)) }
}

/** Makes a job dead whose ending cannot be written. False if the claim is not owned. */
export function setAside(writing: Writing, one: Settle, reason: string): boolean {
  const { tables, now, wall } = writing
  const row = ownedRow(writing, one)
  if (row === undefined) return false
  const errors = [unsettled(one, wall, reason)]
  tables.change(row, { ...UNCLAIMED, state: 'dead', diedAt: now, errors })
  freeGroup(tables, row.kind, row.group, now)
  return true
}

function keepBreaker(tables: Tables, kind: string, { group, breaker }: BreakerChange): void {
  const key = keyOf(kind, group)
  if (breaker === null) tables.breakers.delete(key)
  else tables.breakers.set(key, breaker)
}

function ownedRow({ tables }: Writing, { job }: Settle): Row | undefined {
  const row = tables.jobs.get(job.id)
  return row?.state === 'running' && row.token === job.token ? row : undefined
}

/** Moves the job as decided, when no submission was folded in. */
function moveOut(writing: Writing, one: Settle, row: Row): SettleResult['state'] {
  const { tables, now } = writing
  const { move } = one
  if (move.to === 'completed') {
    tables.jobs.delete(row.id)
    return 'completed'
  }
  const { refund, crash } = costOf(move.charge)
  const errors = errorsOf(writing, one, row, move.error)
  const charged = { attempts: row.attempts - refund, crashes: row.crashes + crash, errors }
  if (move.to === 'dead') {
    tables.change(row, { ...UNCLAIMED, ...charged, state: 'dead', diedAt: now })
    return 'dead'
  }
  const { runAt, backingOff: isBackingOff } = move
  tables.change(row, { ...UNCLAIMED, ...charged, state: 'queued', runAt, isBackingOff })
  join(tables, row, runAt, now)
  return 'queued'
}

/** Queues a job again, because a submission was folded in while it ran. */
function runAgain(writing: Writing, one: Settle, row: Row): 'queued' {
  const { tables, now, wall } = writing
  const runAt = row.rerunAt!
  const errors = errorsOf(writing, one, row, one.rerun.error)
  const fresh = { attempts: 0, crashes: one.rerun.crashes, createdAt: wall, since: now }
  tables.change(row, { ...UNCLAIMED, ...fresh, state: 'queued', runAt, errors })
  join(tables, row, runAt, now)
  return 'queued'
}

function errorsOf(
  { wall }: Writing,
  one: Settle,
  { errors }: Row,
  error: Settle['rerun']['error'],
): Row['errors'] {
  return error === null ? errors : appended(errors, recordedOf(one, wall, error))
}
