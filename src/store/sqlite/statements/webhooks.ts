import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

export function prepareWebhooks(db: Database) {
  const { run } = preparer(db)
  return {
    create: run(`
      INSERT INTO helve_webhooks (url, secret, authorization, standard, content_type, events, active,
        insecure_tls, target, created_at, updated_at)
      VALUES (@url, @secret, @authorization, @standard, @contentType, @events, @active,
        @insecureTls, @target, @now, @now)`),
    update: run(`
      UPDATE helve_webhooks SET url = @url, standard = @standard, content_type = @contentType,
        events = @events, active = @active, insecure_tls = @insecureTls, target = @target,
        secret = @secret, previous_secret = @previousSecret,
        previous_secret_until = @previousSecretUntil, authorization = @authorization,
        updated_at = @now
      WHERE id = @id`),
    rotate: run(`
      UPDATE helve_webhooks SET secret = @secret, previous_secret = @previousSecret,
        previous_secret_until = @previousSecretUntil, updated_at = @now
      WHERE id = @id`),
    reseal: run(`
      UPDATE helve_webhooks SET url = @url, secret = @secret, previous_secret = @previousSecret,
        previous_secret_until = @previousSecretUntil, authorization = @authorization
      WHERE id = @id`),
    delete: run('DELETE FROM helve_webhooks WHERE id = ?'),
    get: run('SELECT * FROM helve_webhooks WHERE id = ?'),
    list: run('SELECT * FROM helve_webhooks ORDER BY id'),
    behind: run('SELECT * FROM helve_webhooks WHERE id > ? ORDER BY id LIMIT +?'),
    respond: run('UPDATE helve_webhooks SET last_response = ? WHERE id = ?'),
    record: run(`
      INSERT INTO helve_deliveries (webhook_id, guid, event, action, attempt, redelivery, at,
        duration_ms, url, request_headers, request_body, status, response_headers,
        response_body, truncated, error)
      VALUES (@webhookId, @guid, @event, @action, @attempt, @redelivery, @at,
        @durationMs, @url, @requestHeaders, @requestBody, @status, @responseHeaders,
        @responseBody, @truncated, @error)`),
    deliveries: run(`
      SELECT * FROM helve_deliveries WHERE webhook_id = ? AND id < ? ORDER BY id DESC LIMIT +?`),
    prune: run(`
      DELETE FROM helve_deliveries WHERE id IN (
        SELECT id FROM helve_deliveries WHERE at < ? ORDER BY at LIMIT +?)`),
  }
}

export type WebhookStatements = ReturnType<typeof prepareWebhooks>
