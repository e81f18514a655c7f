import { HelveError } from './errors.ts'

/** A value shown in an error message: short, and never throwing. */
export function shown(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value)
  }
  if (typeof value === 'function') return 'a function'
  if (Array.isArray(value)) return 'an array'
  if (value instanceof Date) return `Date(${value.getTime()})`
  if (typeof value === 'object' && value !== null) return 'an object'
  return String(value)
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
