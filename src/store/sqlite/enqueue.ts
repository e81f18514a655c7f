import { HelveError } from '../../job/errors.ts'
import type { EnqueueResult, NewJob } from '../../job/job.ts'
import type { Counters } from './counters.ts'
import { MANY_ROWS, type EnqueueStatements } from './statements.ts'

/**
 * Writes many jobs in their order. An error stands for one that is refused: the others are written,
 * and the transaction is as good as before.
 */
export function enqueueAll(
  statements: EnqueueStatements,
  counters: Counters,
  jobs: readonly NewJob[],
  now: number,
): (EnqueueResult | HelveError)[] {
  const results: (EnqueueResult | HelveError)[] = []
  while (results.length < jobs.length) {
    const next = jobs.slice(results.length, results.length + MANY_ROWS)
    const many = next.length === MANY_ROWS && next.every(({ dedupeKey }) => dedupeKey === null)
    if (many) results.push(...insertMany(statements, counters, next, now))
    else results.push(...next.map((job) => tryEnqueue(statements, counters, job, now)))
  }
  return results
}

function insertMany(
  statements: EnqueueStatements,
  counters: Counters,
  jobs: readonly NewJob[],
  now: number,
): EnqueueResult[] {
  const { lastInsertRowid } = statements.insertMany.run(jobs.flatMap((job) => columns(job, now)))
  const first = Number(lastInsertRowid) - jobs.length + 1
  return jobs.map(({ kind, priority }, i) => {
    counters.add('queued', kind, priority, 1)
    return { id: first + i, deduped: false, state: 'queued' }
  })
}

function tryEnqueue(
  statements: EnqueueStatements,
  counters: Counters,
  job: NewJob,
  now: number,
): EnqueueResult | HelveError {
  try {
    return enqueue(statements, counters, job, now)
  } catch (error) {
    // A refused row leaves the transaction as it was; any other failure takes all of it along.
    if (error instanceof HelveError) return error
    throw error
  }
}

/** Writes one job, or folds it into the job that holds its dedupe key. */
export function enqueue(
  statements: EnqueueStatements,
  counters: Counters,
  job: NewJob,
  now: number,
): EnqueueResult {
  const { kind, priority, dedupeKey } = job
  if (dedupeKey === null) {
    const { lastInsertRowid } = statements.insert.run(columns(job, now))
    counters.add('queued', kind, priority, 1)
    return { id: Number(lastInsertRowid), deduped: false, state: 'queued' }
  }
  const row = statements.fold.get(columns(job, now), dedupeKey)
  if (row === undefined) throw foreignKey(statements, dedupeKey, kind)
  const deduped = (row[2] as number) > 0
  if (!deduped) counters.add('queued', kind, priority, 1)
  return { id: row[0] as number, deduped, state: row[1] as 'queued' | 'running' }
}

function columns(job: NewJob, now: number): unknown[] {
  const { kind, payload, priority, runAt, maxAttempts, overrides } = job
  const json = overrides === null ? null : JSON.stringify(overrides)
  return [kind, payload, priority, runAt, maxAttempts, json, now]
}

/** A payload of one kind must not end up in a job of another. */
function foreignKey(statements: EnqueueStatements, key: string, kind: string): HelveError {
  const [id, holder] = statements.holder.get(key) as [number, string]
  return new HelveError(
    'HELVE_ERR_DEDUPE_KEY',
    `dedupeKey: expected a key that no other kind uses: ${JSON.stringify(key)} is held by job ` +
      `${id} of kind ${holder}, and the submission is of kind ${kind}`,
  )
}
