/** Jobs, their counters, webhooks and deliveries. */
export const jobs = `
  CREATE TABLE helve_jobs (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    kind         TEXT    NOT NULL,
    state        TEXT    NOT NULL DEFAULT 'queued',
    priority     INTEGER NOT NULL,
    run_at       INTEGER NOT NULL,
    attempts     INTEGER NOT NULL DEFAULT 0,
    max_attempts INTEGER,
    crashes      INTEGER NOT NULL DEFAULT 0,
    folds        INTEGER NOT NULL DEFAULT 0,
    rerun        INTEGER NOT NULL DEFAULT 0,
    token        INTEGER,
    created_at   INTEGER NOT NULL,
    started_at   INTEGER,
    died_at      INTEGER,
    dedupe_key   TEXT,
    overrides    TEXT,
    errors       TEXT    NOT NULL DEFAULT '[]',
    payload      TEXT    NOT NULL
  ) STRICT;

  CREATE INDEX helve_jobs_queued ON helve_jobs (kind, priority, run_at) WHERE state = 'queued';
  CREATE INDEX helve_jobs_running ON helve_jobs (kind) WHERE state = 'running';
  CREATE INDEX helve_jobs_dead ON helve_jobs (kind) WHERE state = 'dead';
  CREATE INDEX helve_jobs_died ON helve_jobs (died_at) WHERE state = 'dead';
  CREATE UNIQUE INDEX helve_jobs_key ON helve_jobs (dedupe_key)
    WHERE dedupe_key IS NOT NULL AND state <> 'dead';

  CREATE TABLE helve_counters (
    kind     TEXT    NOT NULL,
    state    TEXT    NOT NULL,
    priority INTEGER NOT NULL,
    jobs     INTEGER NOT NULL,
    PRIMARY KEY (state, kind, priority)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE helve_webhooks (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    url           TEXT    NOT NULL,
    secret        TEXT,
    content_type  TEXT    NOT NULL,
    events        TEXT    NOT NULL,
    active        INTEGER NOT NULL,
    insecure_tls  INTEGER NOT NULL,
    target        TEXT,
    created_at    INTEGER NOT NULL,
    last_response TEXT
  ) STRICT;

  CREATE TABLE helve_deliveries (
    id               INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id       INTEGER NOT NULL,
    guid             TEXT    NOT NULL,
    event            TEXT    NOT NULL,
    action           TEXT,
    attempt          INTEGER NOT NULL,
    at               INTEGER NOT NULL,
    duration_ms      REAL    NOT NULL,
    url              TEXT    NOT NULL,
    request_headers  TEXT    NOT NULL,
    request_body     TEXT    NOT NULL,
    status           INTEGER,
    response_headers TEXT,
    response_body    BLOB,
    truncated        INTEGER NOT NULL,
    error            TEXT
  ) STRICT;

  CREATE INDEX helve_deliveries_webhook ON helve_deliveries (webhook_id);
  CREATE INDEX helve_deliveries_at ON helve_deliveries (at);
`
