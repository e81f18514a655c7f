import { badOption, shown } from './check.ts'
import { HelveError, type HelveErrorCode } from './errors.ts'
import { groupOfEndpoint } from './endpoint.ts'
import { MAX_NAME_BYTES } from './limits.ts'

/** The name of the breaker of an endpoint is the name of a group. */
const MAX_ENDPOINT_BYTES = MAX_NAME_BYTES - groupOfEndpoint('').length

/**
 * Checks a dedupe key. Refuses the empty string: as a key it would fold the jobs of all callers who
 * meant "no key" into one. Refuses NUL and lone surrogates: they do not survive SQLite.
 */
export function checkDedupeKey(key: unknown): string | null {
  return checkName(key, 'dedupeKey', 'HELVE_ERR_DEDUPE_KEY')
}

/** Checks the name of a group, by the rules of {@link checkDedupeKey}. */
export function checkGroup(group: unknown): string | null {
  return checkName(group, 'group', 'HELVE_ERR_OPTION')
}

/** Checks the name of an endpoint, by the rules of {@link checkDedupeKey}. */
export function checkEndpoint(endpoint: unknown): string {
  const name = checkName(endpoint, 'endpoint', 'HELVE_ERR_OPTION', MAX_ENDPOINT_BYTES)
  if (name === null) throw badOption('endpoint', 'a string', endpoint)
  return name
}

function checkName(
  name: unknown,
  field: string,
  code: HelveErrorCode,
  most = MAX_NAME_BYTES,
): string | null {
  if (name === undefined || name === null) return null
  if (typeof name !== 'string') throw refused(`a string, got ${shown(name)}`)
  if (name === '') throw refused('a string that is not empty, or none at all, got ""')
  if (name.includes('\0')) throw refused('a string without NUL characters')
  if (!name.isWellFormed()) throw refused('well-formed Unicode, got a lone surrogate')
  const bytes = new TextEncoder().encode(name).length
  if (bytes > most) throw refused(`at most ${most} bytes, got ${bytes}`)
  return name

  function refused(expectation: string): HelveError {
    return new HelveError(code, `${field}: expected ${expectation}`)
  }
}
