import { types } from 'node:util'
import type { EnqueueResult } from './job.ts'

/** Why a call failed, for programs: {@link HelveError.code}. The README explains each code. */
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

/**
 * The one error class of helve. Its message names the field, the expected value and the given
 * value.
 */
export class HelveError extends Error {
  readonly code: HelveErrorCode
  /** Set by `enqueueMany` only: the result of each submission, in the order of the submissions. */
  readonly results?: readonly (EnqueueResult | HelveError)[]

  constructor(code: HelveErrorCode, message: string, options?: HelveErrorOptions) {
    super(message, options)
    this.name = 'HelveError'
    this.code = code
    if (options?.results) this.results = options.results
  }
}

// Registered symbols, because a handlers module and the thread's entry may load different copies of
// this file (built and source, or two installs). `instanceof` does not recognise an error class of
// another copy.
const PERMANENT = Symbol.for('helve.permanent')
const RETRY_AFTER = Symbol.for('helve.retryAfter')
const UNREACHABLE = Symbol.for('helve.unreachable')

/** Thrown by a handler: no retry can repair this job. The job becomes dead at once. */
export class PermanentError extends Error {
  readonly [PERMANENT] = true

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'PermanentError'
  }
}

/**
 * Thrown by a handler: this run failed. The next run starts no earlier than the given time, and no
 * earlier than the kind's backoff allows. The failed run spends an attempt, and `maxAttempts` still
 * ends the job.
 */
export class RetryAfterError extends Error {
  readonly [RETRY_AFTER]: number | Date

  /** @param after milliseconds from now (not negative), or the time itself */
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

/**
 * Thrown by a handler: the endpoint that the run entered (`ctx.enterEndpoint`) could not be reached.
 * The failure counts against the endpoint, and not against the group of the job.
 */
export class UnreachableError extends Error {
  readonly [UNREACHABLE] = true

  constructor(message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'UnreachableError'
  }
}

/** Makes an error say what {@link UnreachableError} says. */
export function asUnreachable(error: Error): Error {
  return Object.assign(error, { [UNREACHABLE]: true })
}

/** Whether a thrown value, or its `cause`, says that an endpoint could not be reached. */
export function isUnreachable(thrown: unknown): boolean {
  return [thrown, read(thrown, 'cause')].some((error) => read(error, UNREACHABLE) === true)
}

/** Whether a thrown value asks for no further attempt. Never throws, whatever the value is. */
export function isPermanent(thrown: unknown): boolean {
  return read(thrown, PERMANENT) === true
}

/**
 * The earliest time of the next run that a thrown value asks for, in epoch milliseconds; undefined
 * if the value asks for none.
 */
export function retryAt(thrown: unknown, now: number): number | undefined {
  const after = read(thrown, RETRY_AFTER)
  // Not `instanceof`, which reads the prototype: a proxy may throw when its prototype is read.
  if (typeof after !== 'number' && !types.isDate(after)) return undefined
  const at = typeof after === 'number' ? now + after : after.getTime()
  return Number.isFinite(at) ? Math.ceil(at) : undefined
}

/**
 * Reads a property of any value; undefined if the value is a primitive, or if a proxy or a getter
 * throws.
 */
export function read(value: unknown, property: PropertyKey): unknown {
  if (value === null || (typeof value !== 'object' && typeof value !== 'function')) return undefined
  try {
    return (value as Record<PropertyKey, unknown>)[property]
  } catch {
    return undefined
  }
}
