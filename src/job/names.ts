import { shown } from './check.ts'
import { HelveError, type HelveErrorCode } from './errors.ts'
import { MAX_NAME_BYTES } from './limits.ts'

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

function checkName(name: unknown, field: string, code: HelveErrorCode): string | null {
  if (name === undefined || name === null) return null
  if (typeof name !== 'string') throw refused(`a string, got ${shown(name)}`)
  if (name === '') throw refused('a string that is not empty, or none at all, got ""')
  if (name.includes('\0')) throw refused('a string without NUL characters')
  if (!name.isWellFormed()) throw refused('well-formed Unicode, got a lone surrogate')
  const bytes = new TextEncoder().encode(name).length
  if (bytes > MAX_NAME_BYTES) throw refused(`at most ${MAX_NAME_BYTES} bytes, got ${bytes}`)
  return name

  function refused(expectation: string): HelveError {
    return new HelveError(code, `${field}: expected ${expectation}`)
  }
}
