import type { Database } from 'better-sqlite3'
import { HelveError } from '../../../job/errors.ts'
import { jobs } from './001-jobs.ts'

/** In order; `PRAGMA user_version` counts those that a file has had. Never edit a released one. */
const MIGRATIONS = [jobs]

/** Brings a file up to date; several processes may try at the same time. */
export function migrate(db: Database): void {
  if (version(db) === MIGRATIONS.length) return
  db.transaction(() => {
    // Read again under the write lock: another process may have been faster.
    const from = version(db)
    if (from > MIGRATIONS.length) {
      throw new HelveError(
        'HELVE_ERR_STORE_CORRUPT',
        `file: expected schema version ${MIGRATIONS.length} at most, got ${from}: ` +
          'a newer helve wrote this file',
      )
    }
    for (const migration of MIGRATIONS.slice(from)) db.exec(migration)
    db.pragma(`user_version = ${MIGRATIONS.length}`)
  }).immediate()
}

function version(db: Database): number {
  return db.pragma('user_version', { simple: true }) as number
}
