import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

export function prepareWebhooks(db: Database) {
  const { run, rows, value } = preparer(db)
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
        updated_at = @now, failing_since = iif(@active, NULL, failing_since),
        failures = iif(@active, 0, failures), disabled_at = iif(@active, NULL, disabled_at),
        disabled_reason = iif(@active, NULL, disabled_reason)
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
    health: run(`
      SELECT active, failing_since, failures, disabled_reason, disabled_at FROM helve_webhooks WHERE id = ?`),
    respond: run(`
      UPDATE helve_webhooks SET last_response = @lastResponse, active = @active,
        failing_since = @failingSince, failures = @failures, disabled_reason = @disabledReason,
        disabled_at = @disabledAt
      WHERE id = @id`),
    record: run(`
      INSERT INTO helve_webhook_attempts (webhook_id, guid, event, action, attempt, redelivery, at,
        duration_ms, url, request_headers, request_body, status, response_headers,
        response_body, truncated, error, outcome, code, remote_address, timings)
      VALUES (@webhookId, @guid, @event, @action, @attempt, @redelivery, @at,
        @durationMs, @url, @requestHeaders, @requestBody, @status, @responseHeaders,
        @responseBody, @truncated, @error, @outcome, @code, @remoteAddress, @timings)`),
    beginAttempt: run(`
      INSERT INTO helve_webhook_attempts (webhook_id, guid, event, action, attempt, redelivery, at,
        duration_ms, url, request_headers, request_body, truncated, delivery_id, job_id)
      VALUES (@webhookId, @guid, @event, @action, @attempt, @redelivery, @at, 0, @url, '{}', '', 0,
        @delivery, @job)`),
    // Only the run that began the attempt may end it, and only once.
    endAttempt: value(`
      UPDATE helve_webhook_attempts SET at = @at, duration_ms = @durationMs, url = @url,
        request_headers = @requestHeaders, request_body = @requestBody, status = @status,
        response_headers = @responseHeaders, response_body = @responseBody,
        truncated = @truncated, error = @error, outcome = @outcome, code = @code,
        remote_address = @remoteAddress, timings = @timings
      WHERE id = @id AND job_id = @job AND outcome IS NULL
      RETURNING ifnull(delivery_id, 0)`),
    interrupt: run(`
      UPDATE helve_webhook_attempts SET outcome = 'interrupted', error = @error,
        duration_ms = max(0, @now - at)
      WHERE job_id = @job AND outcome IS NULL`),
    delivered: run('UPDATE helve_webhook_deliveries SET delivered_at = ? WHERE id = ?'),
    delivery: rows(`
      SELECT d.webhook_id, d.guid, e.event, e.action, d.redelivery, p.bytes
      FROM helve_webhook_deliveries AS d
      JOIN helve_webhook_events AS e ON e.guid = d.guid
      JOIN helve_webhook_payloads AS p ON p.hash = e.hash
      WHERE d.id = ?`),
    deliveries: run(`
      SELECT * FROM helve_webhook_attempts WHERE webhook_id = ? AND id < ? ORDER BY id DESC LIMIT +?`),
    prune: run(`
      DELETE FROM helve_webhook_attempts WHERE id IN (
        SELECT id FROM helve_webhook_attempts WHERE at < ? ORDER BY at LIMIT +?)`),
  }
}

export type WebhookStatements = ReturnType<typeof prepareWebhooks>
