import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** A job's errors with one more; the newest ten are kept. */
export const APPENDED = `iif(@error IS NULL, errors, json_insert(
  iif(NOT json_valid(errors), '[]', iif(json_array_length(errors) >= 10, json_remove(errors, '$[0]'), errors)),
  '$[#]', json(@error)))`

/** The statements that end claims. */
export function prepareSettles(db: Database) {
  const { run, rows, value } = preparer(db)
  const owned = `id = @id AND token = @token AND state = 'running'`
  const unclaimed = 'token = NULL, started_at = NULL, rerun = 0'
  const completed = `DELETE FROM helve_jobs
    WHERE id IN (SELECT value FROM json_each(?)) AND token = ? + id AND state = 'running' AND rerun = 0`
  return {
    // Takes ids as a JSON array: one statement deletes all jobs of a claim that a turn completes.
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
    // A submission was folded in while the job ran. The job runs again, however this run ended.
    rerun: rows(`
      UPDATE helve_jobs SET state = 'queued', run_at = rerun, ${unclaimed}, errors = ${APPENDED},
        attempts = 0, crashes = @crashes, created_at = @wall, since = @now
      WHERE ${owned} RETURNING run_at`),
    // Reads no value of the row that may be damaged: whatever is wrong, the job leaves the queue.
    setAside: run(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, ${unclaimed}, errors = @errors
      WHERE ${owned}`),
  }
}
