import { join } from 'node:path'
import Database from 'better-sqlite3'
import { migrate } from '../../src/store/sqlite/migrations/migrate.ts'
import { withFolder } from '../folder.ts'
import { payloadOf } from '../load.ts'
import type { Params } from '../setup.ts'

const ROWS = 1_000

/**
 * The limit: better-sqlite3 alone, on the same schema and with the same durability, 1,000 rows in
 * each transaction, and nothing else: no counters, no dedupe keys, no handlers.
 */
export function raw(params: Params): Promise<Record<string, number>> {
  return withFolder(async (folder) => {
    const db = new Database(join(folder, 'queue.db'))
    try {
      db.pragma('journal_mode = WAL')
      db.pragma(`synchronous = ${params.durability === 'power' ? 'FULL' : 'NORMAL'}`)
      migrate(db)
      return measure(db, params)
    } finally {
      db.close()
    }
  })
}

function measure(db: Database.Database, params: Params): Record<string, number> {
  const insert = db.prepare(`
    INSERT INTO helve_jobs (kind, payload, priority, run_at, created_at) VALUES ('noop', ?, 0, ?, ?)`)
  const claim = db
    .prepare(
      `UPDATE helve_jobs SET state = 'running', attempts = attempts + 1, token = ?, started_at = ?
       WHERE id IN (
         SELECT id FROM helve_jobs WHERE state = 'queued' AND kind = 'noop' AND priority = 0 AND run_at <= ?
         ORDER BY run_at, id LIMIT ${ROWS})
       RETURNING id, payload`,
    )
    .raw()
  const remove = db.prepare(
    `DELETE FROM helve_jobs WHERE id = ? AND token = ? AND state = 'running'`,
  )
  const payload = JSON.stringify(payloadOf(params))
  const now = Date.now()
  const inserts = db.transaction(() => {
    for (let i = 0; i < ROWS; i++) insert.run(payload, now, now)
  })
  const claims = db.transaction(() => claim.all(1, now, now) as [number, string][])
  const removes = db.transaction((rows: [number, string][]) => {
    for (const [id] of rows) remove.run(id, 1)
  })
  const turns = Math.max(1, Math.round(params.jobs / ROWS))
  const times = { insert: 0, life: 0 }
  for (let turn = 0; turn < turns; turn++) {
    const start = performance.now()
    inserts.immediate()
    times.insert += performance.now() - start
    removes.immediate(claims.immediate())
    times.life += performance.now() - start
  }
  const perSecond = (ms: number): number => ((turns * ROWS) / ms) * 1_000
  return { 'raw insert/s': perSecond(times.insert), 'raw life/s': perSecond(times.life) }
}
