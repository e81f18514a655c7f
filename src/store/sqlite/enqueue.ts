import { HelveError } from '../../job/errors.ts'
import type { EnqueueResult, NewJob } from '../../job/job.ts'
import type { Counters } from './counters.ts'
import type { EnqueueStatements } from './statements.ts'

/** Writes one job, or folds it into the job that holds its dedupe key. */
export function enqueue(
  statements: EnqueueStatements,
  counters: Counters,
  job: NewJob,
  now: number,
): EnqueueResult {
  const overrides = job.overrides === null ? null : JSON.stringify(job.overrides)
  const { kind, payload, priority, runAt, maxAttempts, dedupeKey } = job
  const columns = [kind, payload, priority, runAt, maxAttempts, overrides, now]
  if (dedupeKey === null) {
    const { lastInsertRowid } = statements.insert.run(columns)
    counters.add('queued', kind, priority, 1)
    return { id: Number(lastInsertRowid), deduped: false, state: 'queued' }
  }
  const row = statements.fold.get(columns, dedupeKey)
  if (row === undefined) throw foreignKey(statements, dedupeKey, kind)
  const deduped = (row[2] as number) > 0
  if (!deduped) counters.add('queued', kind, priority, 1)
  return { id: row[0] as number, deduped, state: row[1] as 'queued' | 'running' }
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
