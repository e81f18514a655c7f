import { claimOf } from '../claiming/claim-number.ts'
import { costOf, recordedOf, unsettled } from '../rules/ending.ts'
import type { BreakerChange, Settle, SettleResult } from '../turn.ts'
import { enqueue, type Writing } from './enqueue.ts'
import { freeGroup, joinQueue } from './groups.ts'
import type { QueueStatements } from './statements/queue.ts'

type Settling = Writing & { statements: QueueStatements }

/**
 * Deletes the jobs of settles that complete and do nothing else, with one statement for each claim.
 * Jobs that are not owned stay, and so do jobs that have to run once more. Returns the settles
 * whose jobs were deleted.
 */
export function completeAll(
  { statements, changes, now }: Settling,
  settles: readonly Settle[],
  isCareful: boolean,
): Set<Settle> {
  const done = new Set<Settle>()
  for (const [claim, of] of byClaim(settles)) {
    const counts = !isCareful && of.every(({ job }) => job.dedupeKey === null)
    const deleted = counts ? deleteCounted(statements, of, claim) : deletedOf(statements, of, claim)
    for (const settle of of) {
      // Of two settles of one job, the second is late and does nothing.
      if (deleted !== 'all' && !deleted.delete(settle.job.id)) continue
      changes.add('running', settle.job.kind, settle.job.priority, -1)
      freeGroup(statements, changes, settle.job, now)
      done.add(settle)
    }
  }
  return done
}

/** Deletes jobs of one claim, and returns the ids of the jobs that it has deleted. */
function deletedOf(statements: QueueStatements, settles: Settle[], claim: number): Set<unknown> {
  return new Set(statements.complete.all(idsOf(settles), claim))
}

/**
 * Deletes jobs of one claim that have no dedupe key. No submission can have folded into such a job,
 * so the number of deleted rows shows whether all jobs were owned. Asking for each id would take
 * half as long again.
 *
 * @throws Error when a job is not owned, which is rare: the turn is then taken part by part
 */
function deleteCounted(statements: QueueStatements, settles: Settle[], claim: number): 'all' {
  const { changes } = statements.completeKeyless.run(idsOf(settles), claim)
  if (changes !== settles.length) throw new Error('the claim of a run that has ended is not owned')
  return 'all'
}

function idsOf(settles: Settle[]): string {
  return JSON.stringify(settles.map(({ job }) => job.id))
}

function byClaim(settles: readonly Settle[]): Map<number, Settle[]> {
  const claims = new Map<number, Settle[]>()
  for (const settle of settles) {
    const claim = claimOf(settle.job)
    const of = claims.get(claim)
    if (of === undefined) claims.set(claim, [settle])
    else of.push(settle)
  }
  return claims
}

/** Ends a claim and writes its follow-ups; if the claim is not owned, undefined and no writes. */
export function settle(settling: Settling, one: Settle): SettleResult | undefined {
  const { statements, changes, now } = settling
  const { job, move, followUps } = one
  let rerun = false
  let state = moveOut(settling, one)
  if (state === undefined) {
    rerun = runAgain(settling, one)
    if (!rerun) return undefined
    state = 'queued'
  }
  if (state === 'completed') changes.add('running', job.kind, job.priority, -1)
  else changes.move('running', state, job.kind, job.priority)
  if (!rerun && move.to === 'queued') {
    joinQueue(statements, changes, job, move.runAt, now)
  }
  for (const change of one.breakers) keepBreaker(statements, job.kind, change)
  freeGroup(statements, changes, job, now)
  return { state, rerun, followUps: followUps.map((next) => enqueue(settling, next)) }
}

function keepBreaker(
  { keepBreaker: keep, dropBreaker: drop }: QueueStatements,
  kind: string,
  { group, breaker }: BreakerChange,
): void {
  if (breaker === null) drop.run(kind, group)
  else keep.run(breaker)
}

/** Moves the job as decided. Undefined if the claim is not owned, or a submission was folded in. */
function moveOut(
  { statements, now, wall }: Settling,
  one: Settle,
): SettleResult['state'] | undefined {
  const { job, move } = one
  const owned = { id: job.id, token: job.token }
  switch (move.to) {
    case 'completed': {
      const deleted = statements.complete.get(`[${job.id}]`, claimOf(job))
      return deleted === undefined ? undefined : 'completed'
    }
    case 'queued': {
      const { runAt, charge, error, backingOff } = move
      const values = { ...owned, ...costOf(charge), runAt, backingOff: Number(backingOff) }
      const { changes } = statements.requeue.run({ ...values, error: recorded(one, wall, error) })
      return changes === 1 ? 'queued' : undefined
    }
    case 'dead': {
      const { charge, error } = move
      const values = { ...owned, ...costOf(charge), error: recorded(one, wall, error), now }
      return statements.bury.run(values).changes === 1 ? 'dead' : undefined
    }
  }
}

/** Queues a job again: a submission was folded in while it ran. False if the claim is not owned. */
function runAgain({ statements, changes, now, wall }: Settling, one: Settle): boolean {
  const { job, rerun } = one
  const { crashes } = rerun
  const error = recorded(one, wall, rerun.error)
  const values = { id: job.id, token: job.token, crashes, error, now, wall }
  const row = statements.rerun.get(values)
  if (row !== undefined) joinQueue(statements, changes, job, row[0] as number, now)
  return row !== undefined
}

/** Makes a job dead whose ending cannot be written. False if the claim is not owned. */
export function setAside(settling: Settling, one: Settle, reason: string): boolean {
  const { statements, changes, now, wall } = settling
  const { job } = one
  const errors = JSON.stringify([unsettled(one, wall, reason)])
  const values = { id: job.id, token: job.token, now, errors }
  if (statements.setAside.run(values).changes !== 1) return false
  changes.move('running', 'dead', job.kind, job.priority)
  freeGroup(statements, changes, job, now)
  return true
}

function recorded(one: Settle, wall: number, error: object | null): string | null {
  return error && JSON.stringify(recordedOf(one, wall, error))
}
