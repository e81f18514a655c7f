import type { Database, Statement } from 'better-sqlite3'
import { preparer } from './preparer.ts'
import { prepareParts } from './transactions.ts'
import { preparePublications } from './publications.ts'

/** Rows of a statement that inserts many, at less than half the cost of as many single inserts. */
export const MANY_ROWS = 20

/** SQL for rows that differ in a few columns: the values that all rows share are bound once. */
function manyRows(same: string, own: string): string {
  const rows = Array.from({ length: MANY_ROWS }, () => places(own)).join(', ')
  return `WITH same (${same}) AS (VALUES ${places(same)}), own (${own}) AS (VALUES ${rows})`
}

function places(columns: string): string {
  return `(${columns.replace(/\w+/g, '?')})`
}

/** The columns whose values jobs have in common if they are written together. */
const COMMON = 'kind, priority, run_at, max_attempts, created_at, since, wall_at, filed'
/** `COMMON` with the number of the claim, for jobs that are claimed as they are written. */
const STARTED = `${COMMON}, claim`

/** The statements that every producer needs; they also run on a host's own connection. */
export function prepareEnqueue(db: Pick<Database, 'prepare'>) {
  const { run, rows } = preparer(db)
  return {
    insert: run(`
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, since, wall_at, payload,
        overrides, grp, filed)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`),

    insertMany: run(`
      ${manyRows(COMMON, 'payload')}
      INSERT INTO helve_jobs (${COMMON}, payload)
      SELECT * FROM same CROSS JOIN own`),

    // A fold into a running job asks for another run. `rerun` is the earliest of the times at which
    // the folded submissions are due; 0 is for none. A job that waits for a retry keeps the time of
    // the retry, and gets fresh attempts.
    fold: rows(`
      INSERT INTO helve_jobs (kind, priority, run_at, max_attempts, created_at, since, wall_at, payload,
        overrides, grp, filed, dedupe_key)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
      ON CONFLICT (dedupe_key) WHERE dedupe_key IS NOT NULL AND state <> 'dead' DO UPDATE SET
        payload = excluded.payload,
        folds = folds + 1,
        rerun = iif(state <> 'running', 0,
          max(1, iif(rerun = 0, excluded.run_at, min(rerun, excluded.run_at)))),
        attempts = iif(backing_off, 0, attempts),
        run_at = iif(state = 'queued' AND NOT backing_off, min(run_at, excluded.run_at), run_at),
        wall_at = iif(backing_off, wall_at, ifnull(min(wall_at, excluded.wall_at),
          ifnull(wall_at, excluded.wall_at)))
      WHERE kind = excluded.kind
      RETURNING id, state, folds, grp, priority, run_at`),

    holder: rows(
      `SELECT id, kind FROM helve_jobs WHERE dedupe_key = ? AND dedupe_key IS NOT NULL AND state <> 'dead'`,
    ),

    // A bound of NULL, as of a full group, stays NULL: `min` of NULL and a number is NULL. A group
    // that has had its turn does not come before other groups again because of an older job.
    joinGroup: run(`
      INSERT INTO helve_groups (kind, grp, priority, ready_at) VALUES (?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET ready_at = min(ready_at, max(excluded.ready_at, ?))`),

    // A bound of NULL stays NULL until a look at the queue sets it: `min` of NULL and a number is
    // NULL.
    queue: run(`
      INSERT INTO helve_queues (kind, priority, queued, running, dead, ready_at)
      VALUES (?, ?, ?, ?, ?, ?)
      ON CONFLICT DO UPDATE SET queued = queued + excluded.queued,
        running = running + excluded.running, dead = dead + excluded.dead,
        ready_at = iif(?, excluded.ready_at, min(ready_at, excluded.ready_at))`),
    forgetQueue: run(`
      DELETE FROM helve_queues
      WHERE kind = ? AND priority = ? AND queued = 0 AND running = 0 AND dead = 0`),
  }
}

export type EnqueueStatements = ReturnType<typeof prepareEnqueue>

/** The path of the file that a connection was opened with. */
export function prepareFile(db: Pick<Database, 'prepare'>): Statement {
  return preparer(db).value(`SELECT file FROM pragma_database_list WHERE name = 'main'`)
}

/** The statements on a host's own connection; `lock` takes the write lock, and writes nothing. */
export function prepareHost(db: Pick<Database, 'prepare'>) {
  const { run } = preparer(db)
  return {
    ...prepareEnqueue(db),
    ...preparePublications(db),
    lock: run('DELETE FROM main.helve_meta WHERE 0'),
    ...prepareParts(db),
  }
}

export type HostStatements = ReturnType<typeof prepareHost>

/** The statements that write a job and claim it in one. */
export function prepareStarts(db: Database) {
  const { run, value } = preparer(db)
  return {
    lastId: value(`SELECT seq FROM sqlite_sequence WHERE name = 'helve_jobs'`),
    // The token is the sum of the claim's number and the job's id.
    start: run(`
      INSERT INTO helve_jobs (${COMMON}, started_at, token, id, payload, overrides, state, attempts)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', 1)`),
    startMany: run(`
      ${manyRows(STARTED, 'id, payload')}
      INSERT INTO helve_jobs (${COMMON}, started_at, token, id, payload, state, attempts)
      SELECT ${COMMON}, since, claim + id, id, payload, 'running', 1
      FROM same CROSS JOIN own`),
  }
}
