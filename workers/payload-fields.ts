import { shown } from '../src/job/check.ts'
import { PermanentError, read } from '../src/job/errors.ts'

/**
 * A field of a job's payload that must be the key of a row.
 *
 * @throws PermanentError naming the field, what was expected and what came
 */
export function requiredKey(payload: unknown, field: string): number {
  return required(payload, field, 'a positive integer', isKey)
}

/**
 * A field of a job's payload that `accepts` has to accept.
 *
 * @throws PermanentError naming the field, what was expected and what came
 */
export function required<T>(
  payload: unknown,
  field: string,
  expected: string,
  accepts: (value: unknown) => value is T,
): T {
  const value = read(payload, field)
  if (accepts(value)) return value
  throw new PermanentError(`payload.${field}: expected ${expected}, got ${shown(value)}`)
}

/** As {@link required}; null for a field that is null or missing. */
export function optional<T>(
  ...[payload, field, expected, accepts]: Parameters<typeof required<T>>
) {
  const value = read(payload, field) ?? null
  return value === null ? null : required(payload, field, `${expected}, or none`, accepts)
}

function isKey(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) > 0
}
