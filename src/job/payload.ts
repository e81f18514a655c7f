import { types } from 'node:util'
import { shown } from './check.ts'
import { HelveError } from './errors.ts'
import { toJobError } from './failure.ts'
import { MAX_PAYLOAD_BYTES } from './limits.ts'

// Kept here, because a handler may replace the global: later payloads must become JSON all the
// same.
const { stringify } = JSON

const MAX_DEPTH = 1_000

/**
 * The JSON of a payload. Refuses a value that JSON would silently drop or change (a function, NaN,
 * a Map, a hole in an array), because the handler would run without the value. The error names the
 * place. A value with a `toJSON`, such as a valid Date, says itself how it becomes JSON.
 */
export function payloadJson(payload: unknown): string {
  return payload === undefined ? '{}' : checkedJson(payload, 'payload')
}

/**
 * As {@link payloadJson}, for a value that the error calls `field`. Refuses `undefined`.
 *
 * @param most bytes. @default 1048576
 */
export function checkedJson(value: unknown, field: string, most = MAX_PAYLOAD_BYTES): string {
  let json: string | undefined
  try {
    checkValue(value, field, 0)
    json = stringify(value)
  } catch (cause) {
    if (cause instanceof HelveError) throw cause
    const problem = `${field}: expected JSON, got ${toJobError(cause).message}`
    throw new HelveError('HELVE_ERR_PAYLOAD', problem, { cause })
  }
  if (json === undefined) throw refused(field, 'JSON', 'a value whose toJSON gives nothing')
  checkSize(json, field, most)
  return json
}

/** @throws HelveError `HELVE_ERR_PAYLOAD_TOO_LARGE` */
export function checkSize(json: string, field: string, most: number): void {
  // A UTF-16 unit takes at most 3 bytes of UTF-8, so that most payloads need no count of bytes.
  if (json.length * 3 <= most) return
  const bytes = Buffer.byteLength(json)
  if (bytes <= most) return
  throw new HelveError(
    'HELVE_ERR_PAYLOAD_TOO_LARGE',
    `${field}: expected at most ${most} bytes of JSON, got ${bytes}`,
  )
}

/**
 * Whether a primitive comes back from JSON as it is. Callers then need not build the path of the
 * value.
 */
function isSafe(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0)
  return typeof value === 'string' || typeof value === 'boolean' || value === null
}

function checkValue(value: unknown, path: string, depth: number): void {
  if (isSafe(value)) return
  if (typeof value === 'object') return checkObject(value!, path, depth)
  if (typeof value !== 'number') throw refused(path, 'JSON', shown(value))
  if (value === 0) throw refused(path, 'JSON', '-0, which becomes 0')
  throw refused(path, 'a finite number', shown(value))
}

function checkObject(value: object, path: string, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw refused(
      path.split(/[.[]/, 1)[0]!,
      `at most ${MAX_DEPTH} levels`,
      'deeper nesting or a cycle',
    )
  }
  const { toJSON } = value as { toJSON?: unknown }
  if (typeof toJSON !== 'function') return checkMembers(value, path, depth)
  if (types.isDate(value) && Number.isNaN(value.getTime())) {
    throw refused(path, 'a valid Date', 'an invalid one, which becomes null')
  }
  // Node's Buffer has a toJSON, but comes out as a list of numbers.
  if (ArrayBuffer.isView(value)) throw changed(value, path)
  const given: unknown = toJSON.call(value, '')
  if (typeof given === 'object' && given !== null) checkMembers(given, path, depth)
  else if (given !== undefined) checkValue(given, path, depth)
  else if (path.endsWith(']')) throw refused(path, 'JSON', 'a value whose toJSON gives nothing')
}

function checkMembers(value: object, path: string, depth: number): void {
  if (Array.isArray(value)) return checkItems(value, path, depth)
  const keys = Object.keys(value)
  if (!isPlain(value)) checkNature(value, path, keys)
  for (const key of keys) {
    if (key === '__proto__') throw refused(path, 'no own key "__proto__"', 'one')
    const item = (value as Record<string, unknown>)[key]
    if (item === undefined || isSafe(item)) continue
    checkValue(item, `${path}.${key}`, depth + 1)
  }
  checkSymbols(value, path)
}

function checkItems(items: unknown[], path: string, depth: number): void {
  // By index, so that the loop finds holes.
  for (let at = 0; at < items.length; at += 1) {
    if (isSafe(items[at])) continue
    const place = `${path}[${at}]`
    if (items[at] === undefined) throw refused(place, 'JSON', 'undefined, which becomes null')
    checkValue(items[at], place, depth + 1)
  }
  const extra = Object.keys(items)[items.length]
  if (extra !== undefined) throw refused(path, 'an array without fields', `${shown(extra)} on it`)
  checkSymbols(items, path)
}

/**
 * Accepts an instance of a class as its fields. Refuses an object that is more than its fields,
 * such as an Error, a Map or a typed array, and an instance without fields.
 */
function checkNature(value: object, path: string, keys: string[]): void {
  const isMore = Object.prototype.toString.call(value) !== '[object Object]'
  if (isMore || keys.length === 0) throw changed(value, path)
}

function checkSymbols(value: object, path: string): void {
  const symbols = Object.getOwnPropertySymbols(value)
  if (symbols.length === 0) return
  const symbol = symbols.find((key) => Object.prototype.propertyIsEnumerable.call(value, key))
  if (symbol !== undefined) throw refused(path, 'no symbols for keys', shown(symbol))
}

function changed(value: object, path: string): HelveError {
  const name = value.constructor?.name ?? 'value'
  return refused(path, 'JSON', `an object of the class ${name}, which JSON does not keep`)
}

function isPlain(value: object): boolean {
  // Reading the prototype takes longer than the rest of the check of a small payload.
  if (value.constructor === Object) return true
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function refused(field: string, expected: string, came: string): HelveError {
  return new HelveError('HELVE_ERR_PAYLOAD', `${field}: expected ${expected}, got ${came}`)
}
