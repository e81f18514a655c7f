import type { Database } from 'better-sqlite3'
import { CLAIMED } from '../rows.ts'
import { preparer } from './preparer.ts'

/** Who owns the file, and what the owner keeps in it. */
export function prepareOwnership(db: Database) {
  const { run, rows, value } = preparer(db)
  return {
    owner: value(`SELECT value FROM helve_meta WHERE key = 'owner'`),
    setOwner: run(`INSERT OR REPLACE INTO helve_meta (key, value) VALUES ('owner', ?)`),
    // By turns: a token is the number of its turn's claim and the id. The planner would rather scan
    // the table than sort what the partial index has.
    running: rows(`
      SELECT ${CLAIMED}, token
      FROM helve_jobs INDEXED BY helve_jobs_running WHERE state = 'running'
      ORDER BY token - id, priority, id`),
    clock: value(`SELECT value FROM helve_meta WHERE key = 'clock'`),
    keepClock: run(`INSERT OR REPLACE INTO helve_meta (key, value) VALUES ('clock', ?)`),
    dataVersion: value('PRAGMA data_version'),
    quickCheck: value('PRAGMA quick_check(1)'),
  }
}
