/**
 * Events for webhooks, their bodies, and the delivery of each event to each hook. The table of
 * attempts, which was called the table of deliveries, gets what an attempt tells besides.
 */
export const publications = `
  CREATE TABLE helve_webhook_payloads (
    hash  TEXT NOT NULL PRIMARY KEY,
    bytes BLOB NOT NULL
  ) STRICT;

  CREATE TABLE helve_webhook_events (
    guid   TEXT    PRIMARY KEY,
    event  TEXT    NOT NULL,
    action TEXT,
    hash   TEXT    NOT NULL,
    at     INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX helve_webhook_events_at ON helve_webhook_events (at);
  CREATE INDEX helve_webhook_events_hash ON helve_webhook_events (hash);

  CREATE TABLE helve_webhook_deliveries (
    id           INTEGER PRIMARY KEY AUTOINCREMENT,
    webhook_id   INTEGER NOT NULL,
    guid         TEXT    NOT NULL,
    redelivery   INTEGER NOT NULL DEFAULT 0,
    at           INTEGER NOT NULL,
    job_id       INTEGER,
    not_sent     TEXT,
    delivered_at INTEGER
  ) STRICT;
  CREATE UNIQUE INDEX helve_webhook_deliveries_once ON helve_webhook_deliveries (guid, webhook_id)
    WHERE redelivery = 0;
  CREATE INDEX helve_webhook_deliveries_guid ON helve_webhook_deliveries (guid);
  CREATE INDEX helve_webhook_deliveries_hook ON helve_webhook_deliveries (webhook_id, at);
  CREATE INDEX helve_webhook_deliveries_at ON helve_webhook_deliveries (at);

  ALTER TABLE helve_deliveries RENAME TO helve_webhook_attempts;
  ALTER TABLE helve_webhook_attempts ADD COLUMN delivery_id INTEGER;
  ALTER TABLE helve_webhook_attempts ADD COLUMN job_id INTEGER;
  ALTER TABLE helve_webhook_attempts ADD COLUMN outcome TEXT;
  ALTER TABLE helve_webhook_attempts ADD COLUMN code TEXT;
  ALTER TABLE helve_webhook_attempts ADD COLUMN remote_address TEXT;
  ALTER TABLE helve_webhook_attempts ADD COLUMN timings TEXT;
  UPDATE helve_webhook_attempts SET outcome = CASE
    WHEN error IS NULL THEN 'ok'
    WHEN status = 410 THEN 'gone'
    WHEN status = 429 THEN 'throttled'
    WHEN status BETWEEN 300 AND 499 AND status NOT IN (408, 425) THEN 'configuration'
    ELSE 'temporary' END;
  CREATE INDEX helve_webhook_attempts_guid ON helve_webhook_attempts (guid);
  CREATE INDEX helve_webhook_attempts_open ON helve_webhook_attempts (job_id)
    WHERE outcome IS NULL;

  CREATE INDEX helve_webhooks_target ON helve_webhooks (target);
  ALTER TABLE helve_webhooks ADD COLUMN failing_since INTEGER;
  ALTER TABLE helve_webhooks ADD COLUMN failures INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE helve_webhooks ADD COLUMN disabled_at INTEGER;
  ALTER TABLE helve_webhooks ADD COLUMN disabled_reason TEXT;
`
