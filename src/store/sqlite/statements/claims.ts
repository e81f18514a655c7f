import type { Database } from 'better-sqlite3'
import { CLAIMABLE } from '../rows.ts'
import { preparer } from './preparer.ts'

/** The statements with which claims read and write. */
export function prepareClaims(db: Database) {
  const { run, rows, value } = preparer(db)
  return {
    dueQueues: rows('SELECT kind, priority FROM helve_queues WHERE ready_at <= ?'),
    nextReady: value(`
      SELECT ready_at FROM helve_queues WHERE ready_at > ? ORDER BY ready_at LIMIT 1`),
    due: rows(`
      SELECT ${CLAIMABLE} FROM helve_jobs
      WHERE state = 'queued' AND grp IS NULL AND kind = ? AND priority = ? AND run_at <= ?
        AND (run_at, id) > (?, ?) AND filed >= ?
      ORDER BY run_at, id LIMIT +?`),
    unfiled: rows(`
      SELECT id, payload, run_at FROM helve_jobs
      WHERE state = 'queued' AND filed = 0 AND kind = ? AND (run_at, id) > (?, ?)
      ORDER BY run_at, id LIMIT +?`),
    claim: run(`
      UPDATE helve_jobs SET state = 'running', attempts = attempts + 1, rerun = 0, token = ? + id, started_at = ?,
        wall_at = NULL, backing_off = 0
      WHERE id IN (SELECT value FROM json_each(?)) AND state = 'queued'`),
    postpone: run(`UPDATE helve_jobs SET run_at = ? WHERE id = ? AND state = 'queued'`),
    head: value(`
      SELECT run_at FROM helve_jobs
      WHERE state = 'queued' AND grp IS NULL AND kind = ? AND priority = ?
      ORDER BY run_at LIMIT 1`),
    // A group's place in the round, `ready_at`: when its first job became due, or its last turn.
    ready: rows(`
      SELECT grp, ready_at, served FROM helve_groups
      WHERE kind = ? AND priority = ? AND ready_at <= ?
      ORDER BY ready_at, served LIMIT +?`),
    nextGroup: value(`
      SELECT ready_at FROM helve_groups WHERE kind = ? AND priority = ? AND ready_at > ?
      ORDER BY ready_at LIMIT 1`),
    groupDue: rows(`
      SELECT ${CLAIMABLE} FROM helve_jobs
      WHERE state = 'queued' AND kind = ? AND grp = ? AND priority = ?
      ORDER BY run_at, id LIMIT 1`),
    groupHead: value(`
      SELECT run_at FROM helve_jobs WHERE state = 'queued' AND kind = ? AND grp = ? AND priority = ?
      ORDER BY run_at LIMIT 1`),
    groupRunning: value(`
      SELECT count(*) FROM helve_jobs WHERE state = 'running' AND kind = ? AND grp = ?`),
    serveGroup: run(`
      UPDATE helve_groups SET ready_at = ?, served = ? WHERE kind = ? AND grp = ? AND priority = ?`),
    leaveGroup: run('DELETE FROM helve_groups WHERE kind = ? AND grp = ? AND priority = ?'),
    spent: value('SELECT spent FROM helve_rates WHERE kind = ? AND grp = ?'),
    spend: run('INSERT OR REPLACE INTO helve_rates (kind, grp, spent) VALUES (?, ?, ?)'),
    // Each new row deletes up to two rows of full buckets, so few rows are kept that are not in use.
    forgetSpent: run(`
      DELETE FROM helve_rates WHERE (kind, grp) IN (
        SELECT kind, grp FROM helve_rates WHERE spent <= ? ORDER BY spent LIMIT 2)`),
    // A job that the wall clock has made due counts as due since its time on the wall clock.
    promote: rows(`
      UPDATE helve_jobs SET run_at = min(run_at, @now - (@wall - wall_at)), wall_at = NULL
      WHERE id IN (
        SELECT id FROM helve_jobs
        WHERE state = 'queued' AND wall_at IS NOT NULL AND wall_at <= @wall ORDER BY wall_at LIMIT +@limit)
      RETURNING kind, grp, priority, run_at`),
    nextWall: value(`
      SELECT wall_at FROM helve_jobs WHERE state = 'queued' AND wall_at IS NOT NULL
      ORDER BY wall_at LIMIT 1`),
    freeGroup: rows(`
      UPDATE helve_groups SET ready_at = ? WHERE kind = ? AND grp = ? AND ready_at IS NULL
      RETURNING priority`),
  }
}
