import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

export function prepareWebhooks(db: Database) {
  const { run } = preparer(db)
  return {
    create: run(`
      INSERT INTO helve_webhooks (url, secret, content_type, events, active, insecure_tls, target, created_at)
      VALUES (@url, @secret, @contentType, @events, @active, @insecureTls, @target, @createdAt)`),
    update: run(`
      UPDATE helve_webhooks SET url = @url, secret = @secret, content_type = @contentType,
        events = @events, active = @active, insecure_tls = @insecureTls, target = @target
      WHERE id = @id`),
    delete: run('DELETE FROM helve_webhooks WHERE id = ?'),
    get: run('SELECT * FROM helve_webhooks WHERE id = ?'),
    list: run('SELECT * FROM helve_webhooks ORDER BY id'),
    respond: run('UPDATE helve_webhooks SET last_response = ? WHERE id = ?'),
    record: run(`
      INSERT INTO helve_deliveries (webhook_id, guid, event, action, attempt, at, duration_ms, url,
        request_headers, request_body, status, response_headers, response_body, truncated, error)
      VALUES (@webhookId, @guid, @event, @action, @attempt, @at, @durationMs, @url,
        @requestHeaders, @requestBody, @status, @responseHeaders, @responseBody, @truncated, @error)`),
    deliveries: run(`
      SELECT * FROM helve_deliveries WHERE webhook_id = ? AND id < ? ORDER BY id DESC LIMIT +?`),
    prune: run(`
      DELETE FROM helve_deliveries WHERE id IN (
        SELECT id FROM helve_deliveries WHERE at < ? ORDER BY at LIMIT +?)`),
  }
}

export type WebhookStatements = ReturnType<typeof prepareWebhooks>
