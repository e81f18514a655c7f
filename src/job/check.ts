import { types } from 'node:util'
import { HelveError } from './errors.ts'

/** A Date may override its methods, so that helve calls the methods of the prototype. */
const DATE = Date.prototype

/** A value as text for an error message: short. Never throws. */
export function shown(value: unknown): string {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(shortened(value))
    case 'function':
      return 'a function'
    case 'symbol':
      return `a symbol, ${shortened(String(value))}`
    case 'bigint':
      return `a bigint, ${shortened(String(value))}`
    case 'object':
      return value === null ? 'null' : shownObject(value)
    default:
      return Object.is(value, -0) ? '-0' : String(value)
  }
}

function shownObject(value: object): string {
  // Any access to a proxy may throw.
  if (types.isProxy(value)) return 'an object'
  if (Array.isArray(value)) return 'an array'
  return types.isDate(value) ? `Date(${DATE.getTime.call(value)})` : 'an object'
}

function shortened(text: string): string {
  return text.length > 80 ? `${text.slice(0, 80)}…` : text
}

export function badOption(field: string, expected: string, came: unknown): HelveError {
  return new HelveError('HELVE_ERR_OPTION', `${field}: expected ${expected}, got ${shown(came)}`)
}

/** Refuses a misspelt option: a typing error must not silently become a default. */
export function checkKeys(value: unknown, name: string, allowed: readonly string[]): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badOption(name, 'an object', value)
  }
  for (const key of Object.keys(value)) {
    if (allowed.includes(key)) continue
    throw new HelveError(
      'HELVE_ERR_OPTION',
      `${name}: expected one of ${allowed.join(', ')}, got ${shown(key)}`,
    )
  }
}

export function checkNumber(value: unknown, field: string, min: number, max: number): number {
  if (typeof value === 'number' && value >= min && value <= max) return value
  throw badOption(field, `a number from ${min} to ${max}`, value)
}

export function checkInteger(value: unknown, field: string, min: number, max: number): number {
  if (Number.isInteger(value)) return checkNumber(value, field, min, max)
  throw badOption(field, `an integer from ${min} to ${max}`, value)
}

export function checkFunction(value: unknown, field: string): void {
  if (typeof value !== 'function') throw badOption(field, 'a function', value)
}

export function checkOneOf<T>(value: unknown, field: string, allowed: readonly T[]): T {
  if (allowed.includes(value as T)) return value as T
  throw badOption(field, allowed.map(shown).join(' or '), value)
}
