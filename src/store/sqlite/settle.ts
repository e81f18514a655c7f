import { MAX_CRASHES } from '../../job/limits.ts'
import type { Charge } from '../../job/outcome.ts'
import type { Settle, Settled } from '../store.ts'
import type { Counters } from './counters.ts'
import { enqueue } from './enqueue.ts'
import { freeGroup, joinGroup } from './groups.ts'
import type { EnqueueStatements, QueueStatements } from './statements.ts'

/**
 * Deletes the jobs that these settles do nothing but complete, with one statement for each claim.
 * The others are left: those that are not owned, and those that have to run once more.
 */
export function completeAll(
  statements: QueueStatements,
  counters: Counters,
  settles: readonly Settle[],
  now: number,
): Set<Settle> {
  const done = new Set<Settle>()
  for (const [claim, of] of byClaim(plain(settles))) {
    const ids = JSON.stringify(of.map(({ job }) => job.id))
    const deleted = new Set(statements.complete.all(ids, claim))
    for (const settle of of) {
      // Of two settles of one job, the second is late.
      if (!deleted.delete(settle.job.id)) continue
      counters.add('running', settle.job.kind, settle.job.priority, -1)
      freeGroup(statements, settle.job, now)
      done.add(settle)
    }
  }
  return done
}

/** A token is the number of its claim and the job's id. */
function byClaim(settles: Settle[]): Map<number, Settle[]> {
  const claims = new Map<number, Settle[]>()
  for (const settle of settles) {
    const claim = settle.job.token - settle.job.id
    const of = claims.get(claim)
    if (of === undefined) claims.set(claim, [settle])
    else of.push(settle)
  }
  return claims
}

/** What comes of a claim after another settle of it is late. */
function plain(settles: readonly Settle[]): Settle[] {
  const ended = new Set<number>()
  return settles.filter((settle) => {
    if (isPlain(settle)) return !ended.has(settle.job.token)
    ended.add(settle.job.token)
    return false
  })
}

function isPlain({ settlement, followUps, deliveries }: Settle): boolean {
  return settlement.to === 'completed' && followUps.length + deliveries.length === 0
}

/** Ends a claim, and writes what rides along; undefined, and nothing written, if it is not owned. */
export function settle(
  statements: QueueStatements & EnqueueStatements,
  counters: Counters,
  { job, settlement, followUps }: Settle,
  now: number,
): Settled | undefined {
  const owned = { id: job.id, token: job.token }
  let runAt = now
  const state = move()
  if (state === undefined) return undefined
  if (state === 'completed') counters.add('running', job.kind, job.priority, -1)
  else counters.move('running', state, job.kind, job.priority)
  if (state === 'queued') joinGroup(statements, job, runAt, now)
  freeGroup(statements, job, now)
  return {
    state,
    rerun: state !== settlement.to,
    followUps: followUps.map((next) => enqueue(statements, counters, next, now)),
  }

  function move(): Settled['state'] | undefined {
    switch (settlement.to) {
      case 'completed':
        if (statements.complete.get(`[${job.id}]`, job.token - job.id) !== undefined)
          return 'completed'
        return rerun({ error: null, crash: 0, crashes: 0 })
      case 'queued': {
        const error = recorded(settlement.error)
        runAt = settlement.runAt
        const values = { ...owned, ...cost(settlement.charge), error, runAt }
        return statements.requeue.run(values).changes === 1 ? 'queued' : undefined
      }
      case 'dead': {
        const error = recorded(settlement.error)
        const values = { ...owned, ...cost(settlement.charge), error, now }
        if (statements.bury.run(values).changes === 1) return 'dead'
        // One crash short of dead: a job that kills its thread each time still ends.
        return rerun({ error, crash: values.crash, crashes: MAX_CRASHES - 1 })
      }
    }
  }

  function rerun(values: { error: string | null; crash: number; crashes: number }) {
    const { changes } = statements.rerun.run({ ...owned, ...values, now })
    return changes === 1 ? 'queued' : undefined
  }

  function recorded(error: object | null): string | null {
    return error && JSON.stringify({ at: now, attempt: job.attempt, ...error })
  }
}

function cost(charge: Charge): { refund: number; crash: number } {
  return { refund: charge === 'attempt' ? 0 : 1, crash: charge === 'crash' ? 1 : 0 }
}
