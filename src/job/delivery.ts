import { HelveError, read } from './errors.ts'
import type { GuardRules } from './webhook-guard.ts'

/** A webhook: the URL, the encoding and the secret for the delivery of its events. */
export interface Webhook {
  id: number
  url: string
  /** Signs every delivery; `null` sends no signature. */
  secret: string | null
  /**
   * The secret before the newest one, for as long as receivers may still go by it: it signs the headers
   * of Standard Webhooks as well. @default null
   */
  previousSecret?: string | null
  /** Value of the header `Authorization`; `null` sends none. @default null */
  authorization?: string | null
  /** True sends the headers of https://www.standardwebhooks.com as well. @default false */
  standard?: boolean
  contentType: 'json' | 'form'
  /** Event names; `*` subscribes to all. The host decides which hooks get an event. */
  events: string[]
  active: boolean
  /** True accepts any TLS certificate. */
  insecureTls: boolean
  /** What the hook belongs to, sent as `X-GitHub-Hook-Installation-Target-*`. */
  target: { type: string; id: number } | null
  createdAt: number
  lastResponse: LastResponse | null
  /** Where deliveries may go, as the store was opened with. @default public addresses only */
  guard?: GuardRules
}

/**
 * Whether a hook gets an event. A ping goes to an inactive hook, because a ping that succeeds makes a
 * disabled hook active again.
 */
export function isWanted({ active }: Pick<Webhook, 'active'>, event: string): boolean {
  return active || event === 'ping'
}

/** What a delivery needs of a webhook, and nobody else is to know. */
type Confidential = 'secret' | 'previousSecret' | 'authorization' | 'guard'

/** All that people see of a webhook: neither its secrets nor its authorization. */
export interface WebhookRecord extends Required<Omit<Webhook, Confidential>> {
  /** `***` when it is sealed, and no key opens it: one hook must not keep others from being listed. */
  url: string
  hasSecret: boolean
  hasAuthorization: boolean
  /** Epoch milliseconds until which the secret before the newest one holds as well; `null` without one. */
  previousSecretUntil: number | null
  updatedAt: number
  /** Epoch milliseconds since which every attempt has failed; `null` after a success. */
  failingSince: number | null
  /** When helve has disabled the hook: epoch milliseconds. `null` if helve has not. */
  disabledAt: number | null
  /** Why helve has disabled the hook. */
  disabledReason: string | null
}

/** A hook that an attempt has disabled, or made active again. */
export interface WebhookChange {
  id: number
  /** Why the hook is inactive from now on; `null` for a hook that is active again. */
  disabledReason: string | null
}

/** The newest attempt, as GitHub's API shows it. */
export interface LastResponse {
  code: number | null
  /** `OK`, `failed to connect`, or `Invalid HTTP Response: 500`. */
  status: string
  message: string
}

/**
 * The result of an attempt, as far as the next attempt depends on it:
 *
 * - `ok`: a 2xx
 * - `temporary`: the failure may pass by itself
 * - `throttled`: the receiver asks for time
 * - `configuration`: somebody has to repair the hook or its receiver
 * - `gone`: the receiver wants no more deliveries
 * - `never sent`: helve refuses to send the delivery
 */
export type DeliveryClass =
  'ok' | 'temporary' | 'throttled' | 'configuration' | 'gone' | 'never sent'

/** A {@link DeliveryClass}, or `interrupted`: the run ended before the attempt did. */
export type AttemptOutcome = DeliveryClass | 'interrupted'

/**
 * Milliseconds of the parts of an attempt, one after the other; `null` for a part that the attempt
 * has not reached, or did not need.
 */
export interface AttemptTimings {
  /** The lookup of the host's name. */
  lookup: number | null
  /** The TCP connection. */
  connect: number | null
  /** The TLS handshake. */
  tls: number | null
  /** From the connection, with its handshake, to the head of the response. */
  firstByte: number | null
}

/**
 * The record of one delivery attempt. The start of the attempt writes a first version, so that an
 * attempt that is interrupted leaves a record too. The turn that settles the run writes the rest.
 */
export interface DeliveryRecord {
  /** The row that the start of the attempt has written. @default a new row */
  id?: number
  webhookId: number
  /** All attempts of one delivery have the same GUID: receivers deduplicate by the GUID. */
  guid: string
  event: string
  action: string | null
  attempt: number
  /** It was asked for by hand: the event had been delivered before. @default false */
  redelivery?: boolean
  /** Epoch milliseconds at which the attempt started. */
  at: number
  durationMs: number
  url: string
  requestHeaders: Record<string, string>
  requestBody: string
  /** `null`: no response came. */
  status: number | null
  responseHeaders: Record<string, string | string[]> | null
  responseBody: Uint8Array | null
  /** The response body was longer than the kept part, or did not arrive whole in time. */
  truncated: boolean
  /** Why the attempt failed; `null` after a 2xx, and while the attempt goes on. */
  error: string | null
  /**
   * `null` while the attempt goes on.
   * @default `ok` without an error, otherwise `temporary`
   */
  outcome?: AttemptOutcome | null
  /** The code of the error if no response came, such as `ECONNREFUSED`. @default null */
  code?: string | null
  /** The address that the attempt was connected to. @default null */
  remoteAddress?: string | null
  /** @default null */
  timings?: AttemptTimings | null
}

/**
 * The last response of a hook after an attempt, in GitHub's words:
 * https://docs.github.com/en/rest/repos/webhooks
 */
export function lastResponse({ status, error }: DeliveryRecord): LastResponse {
  if (error === null) return { code: status, status: 'OK', message: 'OK' }
  const summary = status === null ? 'failed to connect' : `Invalid HTTP Response: ${status}`
  return { code: status, status: summary, message: error }
}

const OUTCOMES = [
  ...['ok', 'temporary', 'throttled', 'configuration', 'gone', 'never sent'],
  'interrupted',
] as const satisfies AttemptOutcome[]

const TIMINGS: (keyof AttemptTimings)[] = ['lookup', 'connect', 'tls', 'firstByte']

/** The expected value of each field of a record, in words, and the test for it. */
const FIELDS: Record<keyof DeliveryRecord, [expected: string, is: (value: unknown) => boolean]> = {
  webhookId: ['an integer', Number.isSafeInteger],
  guid: ['a string', isText],
  event: ['a string', isText],
  action: ['a string or null', isTextOrNull],
  attempt: ['an integer', Number.isSafeInteger],
  redelivery: ['true or false', isOptional((value) => typeof value === 'boolean')],
  at: ['an integer', Number.isSafeInteger],
  durationMs: ['a finite number', Number.isFinite],
  url: ['a string', isText],
  requestHeaders: ['an object of strings', isHeaders],
  requestBody: ['a string', isText],
  status: ['an integer or null', (value) => value === null || Number.isSafeInteger(value)],
  responseHeaders: ['an object of strings or null', (value) => value === null || isHeaders(value)],
  responseBody: ['bytes or null', (value) => value === null || value instanceof Uint8Array],
  truncated: ['true or false', (value) => typeof value === 'boolean'],
  error: ['a string or null', isTextOrNull],
  id: ['an integer', isOptional(Number.isSafeInteger)],
  outcome: [OUTCOMES.join(', '), isOptional((value) => isOneOf(OUTCOMES, value))],
  code: ['a string or null', isOptional(isTextOrNull)],
  remoteAddress: ['a string or null', isOptional(isTextOrNull)],
  timings: ['an object of milliseconds or null', isOptional(isTimings)],
}

/**
 * @throws HelveError `HELVE_ERR_OPTION`, whose message shows only the type of a bad field: the
 *   value may be secret
 */
export function checkDelivery(record: DeliveryRecord): void {
  for (const [field, [expected, is]] of Object.entries(FIELDS)) {
    const value = read(record, field)
    if (is(value)) continue
    const problem = `delivery.${field}: expected ${expected}, got a value of type ${typeof value}`
    throw new HelveError('HELVE_ERR_OPTION', problem)
  }
}

function isOptional(is: (value: unknown) => boolean): (value: unknown) => boolean {
  return (value) => value === undefined || is(value)
}

function isOneOf(values: readonly unknown[], value: unknown): boolean {
  return values.includes(value)
}

function isTimings(value: unknown): boolean {
  if (value === null) return true
  return TIMINGS.every((part) => read(value, part) === null || Number.isFinite(read(value, part)))
}

function isText(value: unknown): boolean {
  return typeof value === 'string'
}

function isTextOrNull(value: unknown): boolean {
  return value === null || isText(value)
}

function isHeaders(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.values(value).every((one) => (Array.isArray(one) ? one.every(isText) : isText(one)))
}
