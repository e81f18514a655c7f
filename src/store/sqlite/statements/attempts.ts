import type { Database } from 'better-sqlite3'
import { preparer } from './preparer.ts'

// Parts of the statements that list. The body of a published event is kept once, apart from its
// attempts.
const PAGE = `
  SELECT a.*, iif(a.delivery_id IS NULL, NULL, (
    SELECT p.bytes FROM helve_webhook_events AS e
    JOIN helve_webhook_payloads AS p ON p.hash = e.hash WHERE e.guid = a.guid)) AS published
  FROM helve_webhook_attempts AS a`
const CONDITIONS = `
  id < @before AND id >= @floor
  AND (@hook IS NULL OR webhook_id = @hook)
  AND (@event IS NULL OR event = @event)
  AND (@from IS NULL OR at >= @from) AND (@to IS NULL OR at < @to)
  AND (@outcome IS NULL OR CASE @outcome
    WHEN 'open' THEN outcome IS NULL
    WHEN 'failed' THEN outcome IS NOT NULL AND outcome <> 'ok'
    ELSE outcome IS @outcome END)
  ORDER BY id DESC LIMIT +@limit`

/** The records of attempts, and the deliveries that they belong to. */
export function prepareAttempts(db: Pick<Database, 'prepare'>) {
  const { run, rows, value } = preparer(db)
  return {
    beginAttempt: run(`
      INSERT INTO helve_webhook_attempts (webhook_id, guid, event, action, attempt, redelivery, at,
        duration_ms, url, request_headers, request_body, truncated, delivery_id, job_id)
      VALUES (@webhookId, @guid, @event, @action, @attempt, @redelivery, @at, 0, @url, '{}', '', 0,
        @delivery, @job)`),
    record: run(`
      INSERT INTO helve_webhook_attempts (webhook_id, guid, event, action, attempt, redelivery, at,
        duration_ms, url, request_headers, request_body, status, response_headers,
        response_body, truncated, error, outcome, code, remote_address, timings)
      VALUES (@webhookId, @guid, @event, @action, @attempt, @redelivery, @at,
        @durationMs, @url, @requestHeaders, @requestBody, @status, @responseHeaders,
        @responseBody, @truncated, @error, @outcome, @code, @remoteAddress, @timings)`),
    isRunning: value(`SELECT 1 FROM helve_jobs WHERE id = ? AND state = 'running'`),
    isOf: value(`
      SELECT 1 FROM helve_webhook_deliveries
      WHERE id = @delivery AND webhook_id = @webhookId AND guid = @guid`),
    open: rows('SELECT job_id FROM helve_webhook_attempts WHERE outcome IS NULL AND job_id > 0'),
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
    deliveriesOfHook: run(`${PAGE} WHERE webhook_id = @hook AND ${CONDITIONS}`),
    deliveriesOfGuid: run(`${PAGE} WHERE guid = @guid AND ${CONDITIONS}`),
    deliveries: run(`${PAGE} WHERE ${CONDITIONS}`),
    floorOfHook: value(`
      SELECT id FROM helve_webhook_attempts WHERE webhook_id = @hook AND id < @before
      ORDER BY id DESC LIMIT 1 OFFSET +@most`),
    floorOfGuid: value(`
      SELECT id FROM helve_webhook_attempts WHERE guid = @guid AND id < @before
      ORDER BY id DESC LIMIT 1 OFFSET +@most`),
    floor: value(`
      SELECT id FROM helve_webhook_attempts WHERE id < @before
      ORDER BY id DESC LIMIT 1 OFFSET +@most`),
  }
}

export type AttemptStatements = ReturnType<typeof prepareAttempts>
