import type { Database } from 'better-sqlite3'
import { CLAIMED } from '../rows.ts'
import { preparer } from './preparer.ts'

/** The statements about the owner of the file, and for what the owner keeps in the file. */
export function prepareOwnership(db: Database) {
  const { run, rows, value } = preparer(db)
  return {
    owner: value(`SELECT value FROM helve_meta WHERE key = 'owner'`),
    setOwner: run(`INSERT OR REPLACE INTO helve_meta (key, value) VALUES ('owner', ?)`),
    // In the order of turns: a token is the sum of the number of its turn's claim and the job's id.
    // `INDEXED BY`: the planner would rather scan the table than sort rows of the partial index.
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
