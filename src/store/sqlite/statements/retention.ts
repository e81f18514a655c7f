import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/**
 * Finds and deletes what webhooks leave behind. A search goes on behind the row that it has found
 * last, because a row that has to stay must not be looked at twice. Bytes come from `octet_length`,
 * which does not read the text.
 */
export function prepareRetention(db: Pick<Database, 'prepare'>) {
  const { run, rows } = preparer(db)
  return {
    oldAttempts: rows(`
      SELECT at, id, octet_length(request_body) + ifnull(octet_length(response_body), 0)
      FROM helve_webhook_attempts
      WHERE at < @before AND (at, id) > (@at, @id)
      ORDER BY at, id LIMIT +@limit`),
    dropAttempts: run(`
      DELETE FROM helve_webhook_attempts WHERE id IN (SELECT value FROM json_each(@ids))`),
    oldDeliveries: rows(`
      SELECT at, id, 0 FROM helve_webhook_deliveries
      WHERE at < @before AND (at, id) > (@at, @id)
      ORDER BY at, id LIMIT +@limit`),
    dropDeliveries: run(`
      DELETE FROM helve_webhook_deliveries AS d
      WHERE id IN (SELECT value FROM json_each(@ids))
        AND NOT EXISTS (
          SELECT 1 FROM helve_jobs AS j WHERE j.id = d.job_id AND j.state <> 'dead')
        AND NOT EXISTS (
          SELECT 1 FROM helve_webhook_attempts AS a
          WHERE a.guid = d.guid AND a.webhook_id = d.webhook_id)`),
    oldEvents: rows(`
      SELECT e.at, e.guid, ifnull(octet_length(p.bytes), 0)
      FROM helve_webhook_events AS e LEFT JOIN helve_webhook_payloads AS p ON p.hash = e.hash
      WHERE e.at < @before AND (e.at, e.guid) > (@at, @id)
      ORDER BY e.at, e.guid LIMIT +@limit`),
    dropEvents: rows(`
      DELETE FROM helve_webhook_events AS e
      WHERE guid IN (SELECT value FROM json_each(@ids))
        AND NOT EXISTS (SELECT 1 FROM helve_webhook_deliveries AS d WHERE d.guid = e.guid)
      RETURNING hash`),
    dropBodies: run(`
      DELETE FROM helve_webhook_payloads AS p
      WHERE hash IN (SELECT value FROM json_each(@hashes))
        AND NOT EXISTS (SELECT 1 FROM helve_webhook_events AS e WHERE e.hash = p.hash)`),
  }
}
