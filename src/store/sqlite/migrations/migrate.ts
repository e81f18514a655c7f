import type { Database } from 'better-sqlite3'
import { HelveError } from '../../../job/errors.ts'
import { jobs } from './001-jobs.ts'
import { limits } from './002-limits.ts'
import { queues } from './003-queues.ts'
import { breakers } from './004-breakers.ts'
import { webhooks } from './005-webhooks.ts'
import { publications } from './006-publications.ts'

/** In order; `helve_meta` counts the migrations that a file has had. Never edit a released one. */
const MIGRATIONS = [jobs, limits, queues, breakers, webhooks, publications]

/**
 * Brings a file up to date; several processes may try at the same time. The host may keep tables
 * of its own in the file: the names of helve's tables begin with `helve_`, and `user_version` is
 * the host's.
 */
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
    db.exec('CREATE TABLE IF NOT EXISTS helve_meta (key TEXT PRIMARY KEY, value) WITHOUT ROWID')
    for (const migration of MIGRATIONS.slice(from)) db.exec(migration)
    db.prepare(`INSERT OR REPLACE INTO helve_meta (key, value) VALUES ('schema', ?)`).run(
      MIGRATIONS.length,
    )
  }).immediate()
}

function version(db: Database): number {
  const meta = db.prepare(`SELECT 1 FROM sqlite_schema WHERE name = 'helve_meta'`).get()
  if (meta === undefined) return 0
  return db.prepare(`SELECT value FROM helve_meta WHERE key = 'schema'`).pluck().get() as number
}
