import { types } from 'node:util'
import type { EnqueueResult } from './job.ts'

/** What went wrong, for programs: {@link HelveError.code}. The README says what each one means. */
export type HelveErrorCode =
  | 'HELVE_ERR_KIND'
  | 'HELVE_ERR_PAYLOAD'
  | 'HELVE_ERR_PAYLOAD_TOO_LARGE'
  | 'HELVE_ERR_DEDUPE_KEY'
  | 'HELVE_ERR_OPTION'
  | 'HELVE_ERR_HANDLERS'
  | 'HELVE_ERR_CLOSED'
  | 'HELVE_ERR_BACKPRESSURE'
  | 'HELVE_ERR_OWNED'
  | 'HELVE_ERR_STORE_FULL'
  | 'HELVE_ERR_STORE_BUSY'
  | 'HELVE_ERR_STORE_READONLY'
  | 'HELVE_ERR_STORE_CORRUPT'
  | 'HELVE_ERR_STORE_LOST'

interface HelveErrorOptions extends ErrorOptions {
  results?: readonly (EnqueueResult | HelveError)[]
}

/** The one error class of helve. Its message names the field, what was expected and what came. */
export class HelveError extends Error {
  readonly code: HelveErrorCode
  /** Of `enqueueMany` alone: what became of each submission, in their order. */
  readonly results?: readonly (EnqueueResult | HelveError)[]

  constructor(code: HelveErrorCode, message: string, options?: HelveErrorOptions) {
    super(message, options)
    this.name = 'HelveError'
    this.code = code
    if (options?.results) this.results = options.results
  }
}

// Registered symbols, because a handlers module may load another copy of this file than the
// thread's entry did (built and source, or two installs): `instanceof` would not recognise it.
const PERMANENT = Symbol.for('helve.permanent')
const RETRY_AFTER = Symbol.for('helve.retryAfter')

/** Thrown by a handler: no retry can repair this job. It becomes dead at once. */
export class PermanentError extends Error {
  readonly [PERMANENT] = true

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PermanentError'
  }
}

/**
 * Thrown by a handler: this run failed, and the next one starts no earlier than the given time, and
 * no earlier than the kind's backoff allows. The attempt is spent, and `maxAttempts` still ends the
 * job.
 */
export class RetryAfterError extends Error {
  readonly [RETRY_AFTER]: number | Date

  /** @param after milliseconds from now (not negative), or the moment itself */
  constructor(after: number | Date, message = 'retry later', options?: ErrorOptions) {
    super(message, options)
    const ms = after instanceof Date ? after.getTime() : after
    if (!Number.isFinite(ms) || ms < 0) {
      throw new HelveError(
        'HELVE_ERR_OPTION',
        `after: expected milliseconds of at least 0 or a valid Date, got ${String(after)}`,
      )
    }
    this.name = 'RetryAfterError'
    this[RETRY_AFTER] = after
  }
}

/** Whether a thrown value asks for no further attempt. Never throws, whatever it is given. */
export function isPermanent(thrown: unknown): boolean {
  return read(thrown, PERMANENT) === true
}

/** The earliest moment at which a thrown value asks to be retried, in epoch milliseconds; undefined when it does not. */
export function retryAt(thrown: unknown, now: number): number | undefined {
  const after = read(thrown, RETRY_AFTER)
  // Not `instanceof`, which asks the prototype of a proxy, and that may throw.
  if (typeof after !== 'number' && !types.isDate(after)) return undefined
  const at = typeof after === 'number' ? now + after : after.getTime()
  return Number.isFinite(at) ? Math.ceil(at) : undefined
}

/** A property of anything at all: proxies and throwing getters read as undefined. */
export function read(value: unknown, property: PropertyKey): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined
  try {
    return (value as Record<PropertyKey, unknown>)[property]
  } catch {
    return undefined
  }
}
