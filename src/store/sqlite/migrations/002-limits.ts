/** Groups, rates and pauses. */
export const limits = `
  ALTER TABLE helve_jobs ADD COLUMN grp TEXT;

  DROP INDEX helve_jobs_queued;
  CREATE INDEX helve_jobs_queued ON helve_jobs (kind, priority, run_at)
    WHERE state = 'queued' AND grp IS NULL;
  CREATE INDEX helve_jobs_grouped ON helve_jobs (kind, grp, priority, run_at)
    WHERE state = 'queued' AND grp IS NOT NULL;
  CREATE INDEX helve_jobs_grouped_list ON helve_jobs (kind, priority, run_at)
    WHERE state = 'queued' AND grp IS NOT NULL;
  CREATE INDEX helve_jobs_group_running ON helve_jobs (kind, grp)
    WHERE state = 'running' AND grp IS NOT NULL;

  CREATE TABLE helve_groups (
    kind     TEXT    NOT NULL,
    grp      TEXT    NOT NULL,
    priority INTEGER NOT NULL,
    ready_at INTEGER,
    served   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (kind, grp, priority)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX helve_groups_ready ON helve_groups (kind, priority, ready_at, served)
    WHERE ready_at IS NOT NULL;

  CREATE TABLE helve_rates (
    kind  TEXT NOT NULL,
    grp   TEXT NOT NULL,
    spent REAL NOT NULL,
    PRIMARY KEY (kind, grp)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX helve_rates_spent ON helve_rates (spent);

  CREATE TABLE helve_pauses (
    lane  TEXT    NOT NULL,
    kind  TEXT    NOT NULL,
    grp   TEXT    NOT NULL,
    since INTEGER NOT NULL,
    by    TEXT,
    PRIMARY KEY (lane, kind, grp)
  ) STRICT, WITHOUT ROWID;
`
