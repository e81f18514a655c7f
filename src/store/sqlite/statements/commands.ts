import type { Database } from 'better-sqlite3'
import { CLAIMED } from '../rows.ts'
import { preparer } from './preparer.ts'
import { APPENDED } from './settles.ts'

/** What SQLite rewrites with a row, or gives back: `octet_length` reads only the header of a long text. */
const BYTES = 'octet_length(payload) + octet_length(errors)'

/** The statements of commands. */
export function prepareCommands(db: Database) {
  const { run, rows, value } = preparer(db)
  const putOff = 'ready_at IS NULL OR ready_at > @now'
  return {
    retry: rows(`
      UPDATE helve_jobs SET state = 'queued', run_at = ?, since = ?, attempts = 0, crashes = 0, died_at = NULL,
        wall_at = NULL, backing_off = 0
      WHERE id = ? AND state = 'dead' RETURNING kind, priority, grp, ${BYTES}`),
    keyOf: value('SELECT dedupe_key FROM helve_jobs WHERE id = ?'),
    discard: rows(
      `DELETE FROM helve_jobs WHERE id = ? AND state = 'dead'
       RETURNING kind, priority, ${BYTES}`,
    ),
    oldestDead: rows(`
      SELECT id, ${BYTES} FROM helve_jobs
      WHERE state = 'dead' AND died_at < ? ORDER BY died_at LIMIT +?`),
    cancelQueued: rows(`
      UPDATE helve_jobs SET state = 'dead', died_at = @now, errors = ${APPENDED}
      WHERE id = @id AND state = 'queued' RETURNING ${CLAIMED}, ${BYTES}`),
    attemptsOf: value('SELECT attempts FROM helve_jobs WHERE id = ?'),
    // Submissions that were folded in so far are cancelled with the job; later ones are not.
    cancelRunning: value(`
      UPDATE helve_jobs SET rerun = 0, wall_at = NULL
      WHERE id = ? AND token = ? AND state = 'running' RETURNING ${BYTES}`),
    pause: run(`
      INSERT INTO helve_pauses (lane, kind, grp, since, by) VALUES (?, ?, ?, ?, ?)
      ON CONFLICT DO NOTHING`),
    resume: run('DELETE FROM helve_pauses WHERE lane = ? AND kind = ? AND grp = ?'),
    pausesChanged: run(`
      INSERT INTO helve_meta (key, value) VALUES ('pauses', 1)
      ON CONFLICT DO UPDATE SET value = value + 1`),
    pausesVersion: value(`SELECT value FROM helve_meta WHERE key = 'pauses'`),
    file: rows(`
      UPDATE helve_jobs SET grp = ?, filed = 1 WHERE id = ? AND state = 'queued' AND filed = 0
      RETURNING kind, grp, priority, run_at`),
    freeQueue: run(`
      UPDATE helve_queues SET ready_at = @now WHERE kind = @kind AND (${putOff})`),
    freeQueues: run(`UPDATE helve_queues SET ready_at = @now WHERE ${putOff}`),
    // Frees also groups that a rate has put off.
    freeKind: run(`
      UPDATE helve_groups SET ready_at = @now
      WHERE kind = @kind AND (${putOff})`),
    freeAll: run(`UPDATE helve_groups SET ready_at = @now WHERE ${putOff}`),
  }
}
