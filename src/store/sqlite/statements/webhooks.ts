import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

/** The hooks. */
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
  }
}

export type WebhookStatements = ReturnType<typeof prepareWebhooks>

/** What attempts read and write of their hooks. */
export function prepareHealth(db: Database) {
  const { run } = preparer(db)
  return {
    health: run(`
      SELECT active, failing_since, failures, disabled_reason, disabled_at FROM helve_webhooks WHERE id = ?`),
    respond: run(`
      UPDATE helve_webhooks SET last_response = @lastResponse, active = @active,
        failing_since = @failingSince, failures = @failures, disabled_reason = @disabledReason,
        disabled_at = @disabledAt
      WHERE id = @id`),
  }
}

export type HealthStatements = ReturnType<typeof prepareHealth>
