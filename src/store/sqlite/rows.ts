import { encodeBody } from '../../job/body.ts'
import { checkBackoff } from '../../job/backoff-check.ts'
import { checkTimeout } from '../../job/policy.ts'
import type { DeliveryRecord, LastResponse, Webhook, WebhookRecord } from '../../job/delivery.ts'
import type {
  ClaimedJob,
  JobOverrides,
  JobRecord,
  JobState,
  NewJob,
  RecordedError,
} from '../../job/job.ts'
import type { Queue } from '../admission.ts'
import type { Place } from '../listing.ts'
import type { Sealer } from '../rules/seal.ts'
import type { QueueClock } from '../timeline.ts'

/**
 * The columns that a claim reads of a job whose queue and group are known. Each column takes time
 * for each job.
 */
export const CLAIMABLE = `id, payload, dedupe_key, attempts, max_attempts, crashes, created_at,
  overrides, since, run_at`
/** The positions of some values in a {@link CLAIMABLE} row. */
export const [ID, PAYLOAD, ATTEMPTS, RUN_AT] = [0, 1, 3, 9] as const
/** The {@link CLAIMABLE} columns with the job's queue and group. */
export const CLAIMED = `${CLAIMABLE}, kind, priority, grp`

function claimedJob(
  row: unknown[],
  token: number,
  attempt: number,
  { kind, priority }: Queue,
  group: string | null,
): ClaimedJob {
  return {
    id: row[ID] as number,
    token,
    kind,
    payload: row[PAYLOAD] as string,
    dedupeKey: row[2] as string | null,
    priority,
    attempt,
    maxAttempts: row[4] as number | null,
    crashes: row[5] as number,
    createdAt: row[6] as number,
    since: row[8] as number,
    overrides: overrides(row[7] as string | null),
    group,
    runAt: row[RUN_AT] as number,
  }
}

/** A damaged row must not stop the turn and the queue: the job runs with its kind's options. */
function overrides(text: string | null): JobOverrides | null {
  if (text === null) return null
  try {
    const { backoff, timeout } = JSON.parse(text) as JobOverrides
    return {
      ...(backoff === undefined ? {} : { backoff: checkBackoff(backoff) }),
      ...(timeout === undefined ? {} : { timeout: checkTimeout(timeout) }),
    }
  } catch {
    return null
  }
}

/** A job that is being claimed. Its token is the sum of the claim's number and the job's id. */
export function claimedNow(
  row: unknown[],
  claim: number,
  queue: Queue,
  group: string | null,
): ClaimedJob {
  const attempt = (row[ATTEMPTS] as number) + 1
  return claimedJob(row, claim + (row[ID] as number), attempt, queue, group)
}

/** A job that was claimed before. In its row, the token follows the {@link CLAIMED} columns. */
export function claimedBefore(row: unknown[]): ClaimedJob {
  const [kind, priority, group, token] = row.slice(10) as [string, number, string | null, number]
  return claimedJob(row, token, row[ATTEMPTS] as number, { kind, priority }, group)
}

/** A job that is claimed while it is written. */
export function startedNow(
  job: NewJob,
  id: number,
  token: number,
  now: number,
  wall: number,
): ClaimedJob {
  // One literal, with its keys in the order of `claimedJob`: spreads take several times as long.
  return {
    id,
    token,
    kind: job.kind,
    payload: job.payload,
    dedupeKey: job.dedupeKey,
    priority: job.priority,
    attempt: 1,
    maxAttempts: job.maxAttempts,
    crashes: 0,
    createdAt: wall,
    since: now,
    overrides: job.overrides,
    group: job.group ?? null,
    runAt: job.runAt,
  }
}

/** The columns that people see of a job. {@link RecordRow} has the same order. */
export const RECORD = `id, kind, payload, dedupe_key, state, priority, attempts, max_attempts, crashes,
  folds, run_at, created_at, started_at, died_at, errors, grp, wall_at, backing_off, rerun`

type RecordRow = [
  ...[id: number, kind: string, payload: string, dedupeKey: string | null, state: JobState],
  ...[priority: number, attempts: number, maxAttempts: number | null, crashes: number],
  ...[folds: number, runAt: number, createdAt: number, startedAt: number | null],
  ...[diedAt: number | null, errors: string, group: string | null, wallAt: number | null],
  ...[isBackingOff: number, rerun: number],
]

/** About how many bytes the texts of a {@link RECORD} row have. */
export function bytesOf(row: unknown[]): number {
  const [, , payload, , , , , , , , , , , , errors] = row as RecordRow
  return payload.length + errors.length
}

/** Where a {@link RECORD} row stands in the list of jobs. */
export function placeOf(row: unknown[]): Place {
  const [id, kind, , , state, priority, , , , , runAt, , , , , group] = row as RecordRow
  const section = state === 'queued' && group !== null ? 'grouped' : state
  return { section, kind, priority, runAt, id }
}

/** A {@link RECORD} row as a job. Its times are wall times, because people see them. */
export function jobRecord(row: unknown[], clock: QueueClock): JobRecord {
  const [
    id,
    kind,
    payloadJson,
    dedupeKey,
    state,
    priority,
    attempts,
    maxAttempts,
    crashes,
    ...rest
  ] = row as RecordRow
  const [folds, runAt, createdAt, startedAt, diedAt, errorsJson, group, ...marks] = rest
  const [wallAt, backingOff, rerun] = marks
  const shown = (time: number | null): number | null => (time === null ? null : clock.wallOf(time))
  const dueAt = (time: number): number => Math.min(clock.wallOf(time), wallAt ?? Infinity)
  const payload = parsedOf('payload', payloadJson, createdAt)
  const errors = parsedOf('errors', errorsJson, createdAt)
  return {
    ...{ id, kind, payload: payload.value, dedupeKey, state, priority, attempts, maxAttempts },
    ...{ crashes, folds, runAt: dueAt(runAt), rerunAt: rerun === 0 ? null : dueAt(rerun) },
    ...{ createdAt, startedAt: shown(startedAt), diedAt: shown(diedAt) },
    errors: [...((errors.value ?? []) as RecordedError[]), ...errors.damage, ...payload.damage],
    group,
    isBackingOff: backingOff === 1,
  }
}

/** A damaged column becomes one more error of its job, so that a list still shows other jobs. */
function parsedOf(column: string, text: string, at: number) {
  try {
    return { value: JSON.parse(text) as unknown, damage: [] }
  } catch {
    const message = `${column}: expected JSON, got a damaged row`
    const error = { name: 'DamagedRowError', message, at, attempt: 0 }
    return { value: undefined, damage: [error] }
  }
}

export interface WebhookRow {
  id: number
  url: string
  secret: string | null
  content_type: 'json' | 'form'
  events: string
  active: number
  insecure_tls: number
  target: string | null
  created_at: number
  last_response: string | null
  previous_secret: string | null
  previous_secret_until: number | null
  authorization: string | null
  standard: number
  updated_at: number | null
  failing_since: number | null
  failures: number
  disabled_at: number | null
  disabled_reason: string | null
}

/** What a delivery needs, at the time `now` (epoch ms). */
export function webhook(row: WebhookRow, sealer: Sealer, now: number): Webhook {
  return {
    ...settings(row),
    url: sealer.open('url', row.url, row.id),
    secret: sealer.open('secret', row.secret, row.id),
    previousSecret:
      previousUntil(row, now) === null
        ? null
        : sealer.open('previousSecret', row.previous_secret, row.id),
    authorization: sealer.open('authorization', row.authorization, row.id),
  }
}

/** What people see, at the time `now` (epoch ms). */
export function webhookRecord(
  row: WebhookRow,
  { sealer, clock, now }: { sealer: Sealer; clock: QueueClock; now: number },
): WebhookRecord {
  return {
    ...settings(row),
    url: sealer.opens('url', row.url, row.id) ? sealer.open('url', row.url, row.id) : '***',
    hasSecret: row.secret !== null,
    hasAuthorization: row.authorization !== null,
    previousSecretUntil: previousUntil(row, now),
    updatedAt: row.updated_at ?? row.created_at,
    failingSince: row.failing_since === null ? null : clock.wallOf(row.failing_since),
    disabledAt: row.disabled_at === null ? null : clock.wallOf(row.disabled_at),
    disabledReason: row.disabled_reason,
  }
}

function settings(row: WebhookRow) {
  return {
    id: row.id,
    contentType: row.content_type,
    events: JSON.parse(row.events) as string[],
    active: row.active === 1,
    insecureTls: row.insecure_tls === 1,
    target: parsed(row.target) as Webhook['target'],
    standard: row.standard === 1,
    createdAt: row.created_at,
    lastResponse: parsed(row.last_response) as LastResponse | null,
  }
}

/** The end of the time in which the secret before the newest one holds; `null` when it is over. */
export function previousUntil(row: WebhookRow, now: number): number | null {
  const { previous_secret: secret, previous_secret_until: until } = row
  return secret !== null && until !== null && until > now ? until : null
}

export interface DeliveryRow {
  id: number
  webhook_id: number
  guid: string
  event: string
  action: string | null
  attempt: number
  redelivery: number
  at: number
  duration_ms: number
  url: string
  request_headers: string
  request_body: string
  status: number | null
  response_headers: string | null
  response_body: Uint8Array | null
  truncated: number
  error: string | null
  outcome: (DeliveryRecord['outcome'] & string) | null
  code: string | null
  remote_address: string | null
  timings: string | null
  /** The body of the event, which is kept apart; `null` if the attempt has its own body. */
  published: Uint8Array | null
}

export function delivery(row: DeliveryRow, clock: QueueClock): DeliveryRecord & { id: number } {
  return {
    id: row.id,
    webhookId: row.webhook_id,
    guid: row.guid,
    event: row.event,
    action: row.action,
    attempt: row.attempt,
    redelivery: row.redelivery === 1,
    at: clock.wallOf(row.at),
    durationMs: row.duration_ms,
    url: row.url,
    requestHeaders: JSON.parse(row.request_headers) as Record<string, string>,
    requestBody: requestBody(row),
    status: row.status,
    responseHeaders: parsed(row.response_headers) as DeliveryRecord['responseHeaders'],
    responseBody: row.response_body,
    truncated: row.truncated === 1,
    error: row.error,
    outcome: row.outcome,
    code: row.code,
    remoteAddress: row.remote_address,
    timings: parsed(row.timings) as (DeliveryRecord['timings'] & object) | null,
  }
}

/** A published body, encoded as the attempt has sent it. */
function requestBody({
  published,
  request_body: own,
  request_headers: headers,
}: DeliveryRow): string {
  if (published === null || own !== '') return own
  const { 'Content-Type': type = '' } = JSON.parse(headers) as Record<string, string>
  const contentType = type.includes('form') ? 'form' : 'json'
  return new TextDecoder().decode(encodeBody(contentType, published).bytes)
}

function parsed(json: string | null): unknown {
  return json === null ? null : JSON.parse(json)
}
