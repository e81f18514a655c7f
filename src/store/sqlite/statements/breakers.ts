import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** The breakers of groups that are not closed. */
export function prepareBreakers(db: Database) {
  const { run, rows } = preparer(db)
  return {
    breakers: rows(`
      SELECT kind, grp, since, opened_at, open_until, room, failures, trips, reason FROM helve_breakers`),
    keepBreaker: run(`
      INSERT OR REPLACE INTO helve_breakers
        (kind, grp, since, opened_at, open_until, room, failures, trips, reason)
      VALUES (@kind, @group, @since, @opened, @until, @room, @failures, @trips, @reason)`),
    // Of groups that nothing has been heard of for long: their jobs are dead, or deleted.
    forgetBreakers: run(`
      DELETE FROM helve_breakers
      WHERE open_until < ?
        AND NOT EXISTS (
          SELECT 1 FROM helve_groups AS g
          WHERE g.kind = helve_breakers.kind AND g.grp = helve_breakers.grp)
        AND NOT EXISTS (
          SELECT 1 FROM helve_jobs AS j
          WHERE j.state = 'running' AND j.kind = helve_breakers.kind AND j.grp = helve_breakers.grp)`),
    dropBreaker: run('DELETE FROM helve_breakers WHERE kind = ? AND grp = ?'),
    // Its jobs may start although the breaker was open until later.
    wakeGroup: rows(`
      UPDATE helve_groups SET ready_at = @now
      WHERE kind = @kind AND grp = @group AND (ready_at IS NULL OR ready_at > @now)
      RETURNING priority`),
  }
}
