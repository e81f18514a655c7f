import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** One error more: the newest ten are kept with a job. */
export const APPENDED = `iif(@error IS NULL, errors, json_insert(
  iif(NOT json_valid(errors), '[]', iif(json_array_length(errors) >= 10, json_remove(errors, '$[0]'), errors)),
  '$[#]', json(@error)))`

/** The ends of claims. */
export function prepareSettles(db: Database) {
  const { run, rows, value } = preparer(db)
  const owned = `id = @id AND token = @token AND state = 'running'`
  const unclaimed = 'token = NULL, started_at = NULL, rerun = 0'
  const completed = `DELETE FROM helve_jobs
    WHERE id IN (SELECT value FROM json_each(?)) AND token = ? + id AND state = 'running' AND rerun = 0`
  return {
    // Ids as a JSON array: one statement for all that a turn completes of one claim.
    complete: value(`${completed} RETURNING id`),
    completeKeyless: run(completed),
    requeue: run(`
      UPDATE helve_jobs SET state = 'queued', run_at = @runAt, ${unclaimed}, errors = ${APPENDED},
        attempts = attempts - @refund, crashes = crashes + @crash, backing_off = @backingOff
      WHERE ${owned} AND rerun = 0`),
    bury: run(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, ${unclaimed}, errors = ${APPENDED},
        attempts = attempts - @refund, crashes = crashes + @crash
      WHERE ${owned} AND rerun = 0`),
    // A submission came while it ran, and is owed a run whatever became of this one.
    rerun: rows(`
      UPDATE helve_jobs SET state = 'queued', run_at = rerun, ${unclaimed}, errors = ${APPENDED},
        attempts = 0, crashes = @crashes, created_at = @wall, since = @now
      WHERE ${owned} RETURNING run_at`),
    // Nothing of the row is read: whatever is wrong with it, it leaves the queue.
    setAside: run(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, ${unclaimed}, errors = @errors
      WHERE ${owned}`),
  }
}
