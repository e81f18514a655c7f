import { HelveError } from './errors.ts'
import { MAX_DEDUPE_KEY_BYTES } from './limits.ts'

/**
 * A checked dedupe key. The empty string would be a key like any other, so that all callers who
 * meant "none" would fold into one job; NUL and lone surrogates do not survive SQLite.
 */
export function checkDedupeKey(key: unknown): string | null {
  if (key === undefined || key === null) return null
  if (typeof key !== 'string') throw refused(`a string, got ${typeof key}`)
  if (key === '') throw refused('a string that is not empty, or none at all, got ""')
  if (key.includes('\0')) throw refused('a string without NUL characters')
  if (!key.isWellFormed()) throw refused('well-formed Unicode, got a lone surrogate')
  const bytes = new TextEncoder().encode(key).length
  if (bytes > MAX_DEDUPE_KEY_BYTES) {
    throw refused(`at most ${MAX_DEDUPE_KEY_BYTES} bytes, got ${bytes}`)
  }
  return key
}

function refused(expectation: string): HelveError {
  return new HelveError('HELVE_ERR_DEDUPE_KEY', `dedupeKey: expected ${expectation}`)
}
