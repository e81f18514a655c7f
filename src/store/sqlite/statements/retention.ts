import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** Deletes what webhooks leave behind. Each statement deletes a bounded number of rows. */
export function prepareRetention(db: Pick<Database, 'prepare'>) {
  const { run, rows } = preparer(db)
  return {
    pruneAttempts: run(`
      DELETE FROM helve_webhook_attempts WHERE id IN (
        SELECT id FROM helve_webhook_attempts WHERE at < @before ORDER BY at LIMIT +@limit)`),
    pruneDeliveries: run(`
      DELETE FROM helve_webhook_deliveries WHERE id IN (
        SELECT d.id FROM helve_webhook_deliveries AS d
        WHERE d.at < @before
          AND NOT EXISTS (
            SELECT 1 FROM helve_jobs AS j WHERE j.id = d.job_id AND j.state <> 'dead')
          AND NOT EXISTS (
            SELECT 1 FROM helve_webhook_attempts AS a
            WHERE a.guid = d.guid AND a.webhook_id = d.webhook_id)
        ORDER BY d.at LIMIT +@limit)`),
    pruneEvents: rows(`
      DELETE FROM helve_webhook_events WHERE guid IN (
        SELECT e.guid FROM helve_webhook_events AS e
        WHERE e.at < @before
          AND NOT EXISTS (SELECT 1 FROM helve_webhook_deliveries AS d WHERE d.guid = e.guid)
        ORDER BY e.at LIMIT +@limit)
      RETURNING hash`),
    pruneBody: run(`
      DELETE FROM helve_webhook_payloads WHERE hash = @hash
        AND NOT EXISTS (SELECT 1 FROM helve_webhook_events WHERE hash = @hash)`),
  }
}
