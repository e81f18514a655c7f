import { HelveError } from './errors.ts'
import { toJobError } from './failure.ts'
import { MAX_PAYLOAD_BYTES } from './limits.ts'

// A handler may replace it; what is enqueued after that is JSON all the same.
const { stringify } = JSON

const MAX_DEPTH = 1_000

/**
 * The JSON of a payload, or an error that names the place: what JSON would silently drop or
 * change (functions, NaN, a Map) is refused, since the handler would run without it.
 */
export function payloadJson(payload: unknown): string {
  return payload === undefined ? '{}' : checkedJson(payload, 'payload')
}

/** As {@link payloadJson}, for a value of another name that is there. */
export function checkedJson(value: unknown, field: string): string {
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
  checkSize(json, field, MAX_PAYLOAD_BYTES)
  return json
}

/** @throws HelveError `HELVE_ERR_PAYLOAD_TOO_LARGE` */
export function checkSize(json: string, field: string, most: number): void {
  // A UTF-16 unit takes 3 bytes of UTF-8 at most: most payloads need no count.
  if (json.length * 3 <= most) return
  const bytes = Buffer.byteLength(json)
  if (bytes <= most) return
  throw new HelveError(
    'HELVE_ERR_PAYLOAD_TOO_LARGE',
    `${field}: expected at most ${most} bytes of JSON, got ${bytes}`,
  )
}

function checkValue(value: unknown, path: string, depth: number): void {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return
    case 'number':
      if (Number.isFinite(value)) return
      throw refused(path, 'a finite number', String(value))
    case 'object':
      if (value !== null) checkObject(value, path, depth)
      return
    default:
      throw refused(path, 'JSON', `a ${typeof value}`)
  }
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
  const given: unknown = toJSON.call(value, '')
  if (typeof given === 'object' && given !== null) checkMembers(given, path, depth)
  else if (given !== undefined) checkValue(given, path, depth)
}

function checkMembers(value: object, path: string, depth: number): void {
  if (Array.isArray(value)) {
    value.forEach((item, index) => {
      checkValue(item, `${path}[${index}]`, depth + 1)
    })
    return
  }
  const keys = Object.keys(value)
  if (keys.length === 0 && !isPlain(value)) {
    throw refused(path, 'JSON', `a ${value.constructor?.name ?? 'value'}, which becomes {}`)
  }
  for (const key of keys) {
    if (key === '__proto__') throw refused(path, 'no own key "__proto__"', 'one')
    const item = (value as Record<string, unknown>)[key]
    if (item !== undefined) checkValue(item, `${path}.${key}`, depth + 1)
  }
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function refused(field: string, expected: string, came: string): HelveError {
  return new HelveError('HELVE_ERR_PAYLOAD', `${field}: expected ${expected}, got ${came}`)
}
