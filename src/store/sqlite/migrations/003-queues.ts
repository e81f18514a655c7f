/**
 * One row for each kind and priority, with its numbers of jobs and the bound of its next due time;
 * and the queue's own time.
 */
export const queues = `
  CREATE TABLE helve_queues (
    kind     TEXT    NOT NULL,
    priority INTEGER NOT NULL,
    queued   INTEGER NOT NULL DEFAULT 0,
    running  INTEGER NOT NULL DEFAULT 0,
    dead     INTEGER NOT NULL DEFAULT 0,
    ready_at INTEGER,
    PRIMARY KEY (kind, priority)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX helve_queues_ready ON helve_queues (ready_at) WHERE ready_at IS NOT NULL;

  INSERT INTO helve_queues (kind, priority, queued, running, dead, ready_at)
    SELECT kind, priority, sum(iif(state = 'queued', jobs, 0)), sum(iif(state = 'running', jobs, 0)),
      sum(iif(state = 'dead', jobs, 0)), 0
    FROM helve_counters GROUP BY kind, priority HAVING max(jobs) > 0;
  DROP TABLE helve_counters;

  ALTER TABLE helve_jobs ADD COLUMN since INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE helve_jobs ADD COLUMN wall_at INTEGER;
  ALTER TABLE helve_jobs ADD COLUMN filed INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE helve_jobs ADD COLUMN backing_off INTEGER NOT NULL DEFAULT 0;
  UPDATE helve_jobs SET since = created_at, filed = grp IS NOT NULL,
    backing_off = state = 'queued' AND attempts > 0;

  CREATE INDEX helve_jobs_wall ON helve_jobs (wall_at) WHERE state = 'queued' AND wall_at IS NOT NULL;
  CREATE INDEX helve_jobs_unfiled ON helve_jobs (kind, run_at)
    WHERE state = 'queued' AND filed = 0;
`
