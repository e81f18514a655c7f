import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** The breakers of groups that are not closed. */
export function prepareBreakers(db: Database) {
  const { run, rows } = preparer(db)
  return {
    breakers: rows(`
      SELECT kind, grp, since, open_until, room, failures, trips, reason FROM helve_breakers`),
    keepBreaker: run(`
      INSERT OR REPLACE INTO helve_breakers
        (kind, grp, since, open_until, room, failures, trips, reason)
      VALUES (@kind, @group, @since, @until, @room, @failures, @trips, @reason)`),
    dropBreaker: run('DELETE FROM helve_breakers WHERE kind = ? AND grp = ?'),
    // Its jobs may start although the breaker was open until later.
    wakeGroup: rows(`
      UPDATE helve_groups SET ready_at = @now
      WHERE kind = @kind AND grp = @group AND (ready_at IS NULL OR ready_at > @now)
      RETURNING priority`),
  }
}
