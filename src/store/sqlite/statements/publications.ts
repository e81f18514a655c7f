import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** Events for webhooks, and their deliveries. */
export function preparePublications(db: Pick<Database, 'prepare'>) {
  const { run, rows, value } = preparer(db)
  return {
    insertEvent: run(`
      INSERT INTO helve_webhook_events (guid, event, action, hash, at)
      VALUES (@guid, @event, @action, @hash, @now) ON CONFLICT DO NOTHING`),
    insertBody: run(`
      INSERT INTO helve_webhook_payloads (hash, bytes) VALUES (?, CAST(? AS BLOB))
      ON CONFLICT DO NOTHING`),
    subscribers: rows('SELECT id, url, events, active FROM helve_webhooks WHERE target = ?'),
    subscriber: rows('SELECT id, url, events, active FROM helve_webhooks WHERE id = ?'),
    waiting: value(`
      SELECT count(*) FROM (
        SELECT 1 FROM helve_jobs
        WHERE state = 'queued' AND kind = ? AND grp = ? AND priority = 0 LIMIT +?)`),
    insertDelivery: run(`
      INSERT INTO helve_webhook_deliveries (webhook_id, guid, redelivery, at, not_sent)
      VALUES (@webhookId, @guid, @redelivery, @now, @reason)`),
    setDeliveryJob: run('UPDATE helve_webhook_deliveries SET job_id = ? WHERE id = ?'),
    deliveriesOfEvent: rows(`
      SELECT id, webhook_id, not_sent FROM helve_webhook_deliveries
      WHERE guid = ? AND redelivery = 0 ORDER BY id`),
    insertNotSent: run(`
      INSERT INTO helve_webhook_attempts (webhook_id, guid, event, action, attempt, redelivery, at,
        duration_ms, url, request_headers, request_body, truncated, error, delivery_id, outcome)
      VALUES (@webhookId, @guid, @event, @action, 0, @redelivery, @now, 0, @url, '{}', '', 0, @error,
        @delivery, 'never sent')`),
    keptOfAttempt: rows(`
      SELECT a.webhook_id, a.guid, e.event, e.action
      FROM helve_webhook_attempts AS a
      JOIN helve_webhook_events AS e ON e.guid = a.guid
      JOIN helve_webhook_payloads AS p ON p.hash = e.hash
      WHERE a.id = ?`),
    // An event that a job still tries to deliver is left to that job.
    keptOfHook: rows(`
      SELECT d.webhook_id, d.guid, e.event, e.action
      FROM helve_webhook_deliveries AS d
      JOIN helve_webhook_events AS e ON e.guid = d.guid
      JOIN helve_webhook_payloads AS p ON p.hash = e.hash
      WHERE d.webhook_id = @hook AND d.at >= @from AND d.at < @to AND d.redelivery = 0
        AND NOT EXISTS (
          SELECT 1 FROM helve_webhook_deliveries AS o JOIN helve_jobs AS j ON j.id = o.job_id
          WHERE o.guid = d.guid AND o.webhook_id = d.webhook_id AND j.state <> 'dead')
        AND (@outcome = 'any' OR (@outcome = 'delivered') = EXISTS (
          SELECT 1 FROM helve_webhook_deliveries AS o
          WHERE o.guid = d.guid AND o.webhook_id = d.webhook_id AND o.delivered_at IS NOT NULL))
      ORDER BY d.at, d.id LIMIT +@limit`),
  }
}

export type PublicationStatements = ReturnType<typeof preparePublications>
