import type { Database } from 'better-sqlite3'
import { RECORD } from '../rows.ts'
import { preparer } from './preparer.ts'

/** The statements that only look at the queue. */
export function prepareInspection(db: Database) {
  const { rows, value } = preparer(db)
  return {
    get: rows(`SELECT ${RECORD} FROM helve_jobs WHERE id = ?`),
    listQueued: rows(`
      SELECT ${RECORD} FROM helve_jobs
      WHERE state = 'queued' AND grp IS NULL AND kind = ? AND (priority, run_at, id) > (?, ?, ?)
      ORDER BY priority, run_at, id LIMIT +?`),
    listGrouped: rows(`
      SELECT ${RECORD} FROM helve_jobs INDEXED BY helve_jobs_grouped_list
      WHERE state = 'queued' AND grp IS NOT NULL AND kind = ? AND (priority, run_at, id) > (?, ?, ?)
      ORDER BY priority, run_at, id LIMIT +?`),
    listRunning: rows(`
      SELECT ${RECORD} FROM helve_jobs WHERE state = 'running' AND kind = ? AND id > ? ORDER BY id LIMIT +?`),
    listDead: rows(`
      SELECT ${RECORD} FROM helve_jobs WHERE state = 'dead' AND kind = ? AND id > ? ORDER BY id LIMIT +?`),
    counts: rows(`
      SELECT kind, sum(queued), sum(running), sum(dead) FROM helve_queues GROUP BY kind
      HAVING sum(queued + running + dead) > 0 ORDER BY kind`),
    pauses: rows('SELECT lane, kind, grp, since, by FROM helve_pauses'),
    backlog: rows('SELECT kind, priority FROM helve_queues WHERE queued > 0'),
    groupedHead: value(`
      SELECT run_at FROM helve_jobs INDEXED BY helve_jobs_grouped_list
      WHERE state = 'queued' AND grp IS NOT NULL AND kind = ? AND priority = ?
      ORDER BY run_at LIMIT 1`),
    groupMembers: rows(`
      SELECT id FROM helve_jobs WHERE state = 'running' AND kind = ? AND grp = ? LIMIT +?`),
    ahead: value(`
      SELECT count(*) FROM (
        SELECT 1 FROM helve_jobs
        WHERE state = 'queued' AND grp IS NULL AND kind = ? AND priority = ? AND (run_at, id) < (?, ?)
        LIMIT +?)`),
    groupsAhead: value(`
      SELECT count(*) FROM (
        SELECT 1 FROM helve_groups WHERE kind = ? AND priority = ? AND ready_at < ? LIMIT +?)`),
  }
}
