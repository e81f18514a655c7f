import { types } from 'node:util'
import { read } from './errors.ts'
import type { JobError } from './job.ts'
import { MAX_DETAIL_BYTES, MAX_ERROR_BYTES } from './limits.ts'

/** Most levels of causes, errors and fields below the error itself. */
const MOST_LEVELS = 5
/** Most causes and errors of one error, on all levels together. */
const MOST_ERRORS = 16
/** Most members of one list of errors, or of one field. */
const MOST_MEMBERS = 100
/** Bytes that each value in a field counts for, besides the bytes of its text. */
const VALUE_BYTES = 8

/** How many bytes of its message and its stack an error keeps, at most. */
interface Bounds {
  message: number
  stack: number
}

/** A Date may override its methods, so that helve calls the methods of the prototype. */
const DATE = Date.prototype
const OUTER: Bounds = { message: MAX_ERROR_BYTES, stack: MAX_ERROR_BYTES }
const INNER: Bounds = { message: 1_024, stack: 2_048 }

/** Any thrown value as plain data. Never throws, not even for a proxy or a throwing getter. */
export function toJobError(thrown: unknown): JobError {
  return new FailureReader().outer(thrown)
}

/** A failure and its causes as one sentence of at most 8 KiB. */
export function failureText(error: JobError): string {
  return cut(sentence(error), MAX_ERROR_BYTES)
}

function sentence({ name, message, code, cause, errors = [] }: JobError): string {
  const own = message === '' ? name : `${name}: ${message}`
  const coded = code === undefined || message.includes(code) ? own : `${own} (${code})`
  const caused = cause === undefined ? '' : `, caused by ${sentence(cause)}`
  const made = errors.length === 0 ? '' : `, made of ${errors.map(sentence).join('; ')}`
  return `${coded}${made}${caused}`
}

/** Reads one thrown value. Everything inside the value shares the same bounds. */
class FailureReader {
  #bytes = MAX_DETAIL_BYTES
  #errors = MOST_ERRORS
  readonly #seen = new Set<unknown>()

  outer(thrown: unknown): JobError {
    this.#seen.add(thrown)
    return this.#error(thrown, OUTER, cut, 0)
  }

  #inner(thrown: unknown, level: number): JobError | undefined {
    if (this.#errors === 0 || !this.#enter(thrown, level)) return undefined
    this.#errors -= 1
    return this.#error(thrown, INNER, (text, most) => this.#text(text, most), level)
  }

  #error(thrown: unknown, bounds: Bounds, keep: typeof cut, level: number): JobError {
    const texts = textsOf(thrown)
    const { name, message, stack, code } = texts
    const error: JobError = {
      name: keep(name || 'Error', 128),
      message: keep(message ?? '', bounds.message),
      ...(stack ? { stack: keep(stack, bounds.stack) } : {}),
      ...(code === undefined ? {} : { code: keep(code, 128) }),
      ...this.#insides(thrown, new Set(Object.keys(texts)), level),
    }
    if (message !== undefined) return error
    const described = `${level === 0 ? 'thrown: ' : ''}${describe(thrown, error.fields)}`
    return { ...error, message: keep(described, bounds.message) }
  }

  /** The cause of a thrown value, its errors, and its fields that are not in `told`. */
  #insides(thrown: unknown, told: Set<string>, level: number): Partial<JobError> {
    const given = read(thrown, 'cause')
    const cause = given === undefined ? undefined : this.#inner(given, level + 1)
    const list = read(thrown, 'errors')
    const errors = isArray(list)
      ? members(list).flatMap((one) => this.#inner(one, level + 1) ?? [])
      : []
    if (given !== undefined) told.add('cause')
    if (isArray(list)) told.add('errors')
    const fields = typeof thrown === 'object' ? this.#fields(thrown, told, level + 1) : {}
    return {
      ...(Object.keys(fields).length === 0 ? {} : { fields }),
      ...(cause === undefined ? {} : { cause }),
      ...(errors.length === 0 ? {} : { errors }),
    }
  }

  #fields(of: object | null, told: ReadonlySet<string>, level: number): Record<string, unknown> {
    const fields: Record<string, unknown> = {}
    for (const key of ownKeys(of)) {
      if (told.has(key)) continue
      const value = this.#value(read(of, key), level)
      if (value !== undefined) define(fields, this.#text(key, 128), value)
    }
    return fields
  }

  /**
   * A copy of a value as plain data; undefined for a value that is no data, or is beyond the
   * bounds.
   */
  #value(value: unknown, level: number): unknown {
    if (this.#bytes <= 0) return undefined
    this.#bytes -= VALUE_BYTES
    if (isText(value)) return this.#text(value, 1_024)
    if (typeof value === 'bigint') return this.#text(String(value), 128)
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
    if (typeof value === 'boolean' || value === null) return value
    if (typeof value !== 'object') return undefined
    if (types.isDate(value)) return attempt(() => DATE.toISOString.call(value), undefined)
    if (types.isNativeError(value)) return this.#inner(value, level)
    if (!(isArray(value) || isPlain(value)) || !this.#enter(value, level)) return undefined
    if (!isArray(value)) return this.#fields(value, new Set(), level + 1)
    return members(value).map((one) => this.#value(one, level + 1) ?? null)
  }

  /**
   * False for a value that is too deep or beyond the bounds, or was seen before: there may be a
   * cycle.
   */
  #enter(value: unknown, level: number): boolean {
    if (level > MOST_LEVELS || this.#bytes <= 0) return false
    if (typeof value !== 'object' || value === null) return true
    if (this.#seen.has(value)) return false
    this.#seen.add(value)
    return true
  }

  #text(text: string, most: number): string {
    const kept = cut(text, Math.max(0, Math.min(most, this.#bytes)))
    this.#bytes -= Buffer.byteLength(kept)
    return kept
  }
}

/**
 * The texts that describe a thrown value. A property that is no text, such as a `message` that is
 * an object, is kept as a field instead.
 */
function textsOf(thrown: unknown): { [K in 'name' | 'message' | 'stack' | 'code']?: string } {
  const [name, message, stack, code] = ['name', 'message', 'stack', 'code'].map((property) =>
    read(thrown, property),
  )
  return {
    ...(isText(name) ? { name } : {}),
    ...(isText(message) ? { message } : {}),
    ...(isText(stack) ? { stack } : {}),
    ...(isText(code) || typeof code === 'number' ? { code: String(code) } : {}),
  }
}

function isText(value: unknown): value is string {
  return typeof value === 'string'
}

/** `Array.isArray` throws for a proxy that has been revoked. */
function isArray(value: unknown): value is unknown[] {
  return attempt(() => Array.isArray(value), false)
}

function isPlain(value: object): boolean {
  const prototype: unknown = attempt(() => Object.getPrototypeOf(value), undefined)
  return prototype === Object.prototype || prototype === null
}

function ownKeys(value: object | null): string[] {
  return attempt(() => Object.keys(value ?? {}).slice(0, MOST_MEMBERS), [])
}

/** The first members of a list. Each is read by itself, because a proxy may throw. */
function members(list: unknown[]): unknown[] {
  const length = read(list, 'length')
  const most = typeof length === 'number' ? Math.min(length, MOST_MEMBERS) : 0
  return Array.from({ length: most }, (_, at) => read(list, at))
}

/** Sets a field. An assignment would not keep a key such as `__proto__`. */
function define(fields: Record<string, unknown>, key: string, value: unknown): void {
  Object.defineProperty(fields, key, {
    value,
    enumerable: true,
    writable: true,
    configurable: true,
  })
}

/** Describes a thrown value that has no message. */
function describe(value: unknown, fields: Record<string, unknown> | undefined): string {
  if (typeof value === 'function') return 'a function'
  const text = attempt(() => String(value), undefined)
  if (text !== undefined && text !== '[object Object]') return text
  if (text === undefined && fields === undefined) return `a value of type ${typeof value}`
  return JSON.stringify(fields ?? {})
}

function attempt<T>(make: () => T, otherwise: T): T {
  try {
    return make()
  } catch {
    return otherwise
  }
}

/** The beginning of a text: at most so many bytes of UTF-8, never half a character. */
export function cut(value: string, bytes: number): string {
  // Cuts by characters first, so that a message of 50 MB is not encoded whole.
  const head = value.length > bytes ? value.slice(0, bytes) : value
  if (head.length * 3 <= bytes || Buffer.byteLength(head) <= bytes) return head.toWellFormed()
  const encoded = Buffer.from(head)
  let end = bytes
  // Steps back to the first byte of a character: the later bytes are 10xxxxxx.
  while ((encoded[end]! & 0b1100_0000) === 0b1000_0000) end -= 1
  return encoded.toString('utf8', 0, end)
}
