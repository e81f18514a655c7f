import { shown } from './check.ts'
import { HelveError, type HelveErrorCode } from './errors.ts'
import { MAX_NAME_BYTES } from './limits.ts'

/**
 * A checked dedupe key. The empty string would be a key like any other, so that all callers who
 * meant "none" would fold into one job; NUL and lone surrogates do not survive SQLite.
 */
export function checkDedupeKey(key: unknown): string | null {
  return checkName(key, 'dedupeKey', 'HELVE_ERR_DEDUPE_KEY')
}

/** A checked name of a group, by the same rules. */
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
