import { HelveError, read, type HelveErrorCode } from '../../job/errors.ts'

const CODES: [prefix: string, code: HelveErrorCode, meaning: string][] = [
  ['SQLITE_FULL', 'HELVE_ERR_STORE_FULL', 'no space is left for it'],
  // The index of the log could not grow.
  ['SQLITE_IOERR_SHMSIZE', 'HELVE_ERR_STORE_FULL', 'no space is left for it'],
  ['SQLITE_BUSY', 'HELVE_ERR_STORE_BUSY', 'another connection holds its write lock'],
  ['SQLITE_LOCKED', 'HELVE_ERR_STORE_BUSY', 'another connection holds its write lock'],
  ['SQLITE_READONLY', 'HELVE_ERR_STORE_READONLY', 'it cannot be written'],
  ['SQLITE_PERM', 'HELVE_ERR_STORE_READONLY', 'it cannot be written'],
  ['SQLITE_AUTH', 'HELVE_ERR_STORE_READONLY', 'it cannot be written'],
  ['SQLITE_CORRUPT', 'HELVE_ERR_STORE_CORRUPT', 'it is damaged'],
  ['SQLITE_NOTADB', 'HELVE_ERR_STORE_CORRUPT', 'it is not an SQLite database'],
  ['SQLITE_CANTOPEN', 'HELVE_ERR_STORE_LOST', 'it cannot be opened'],
  ['SQLITE_IOERR', 'HELVE_ERR_STORE_LOST', 'it cannot be read or written'],
]

/** Whether SQLite refuses because another connection is in the way. The caller may try again. */
export function isBusy(error: unknown): boolean {
  return String(read(error, 'code')).startsWith('SQLITE_BUSY')
}

/** Turns SQLite's refusals into helve's. Other errors, such as helve's mistakes, stay unchanged. */
export function storeError(error: unknown, file: string): unknown {
  const code = String(read(error, 'code'))
  const entry = CODES.find(([prefix]) => code.startsWith(prefix))
  if (entry === undefined) return error
  return new HelveError(entry[1], `file: ${file}: ${entry[2]} (${code}: ${String(error)})`, {
    cause: error,
  })
}

/** Whether the file itself fails, and not the values that were to be written. */
export function isOfTheStore(error: unknown): boolean {
  const code = String(read(error, 'code'))
  return CODES.some(([prefix]) => code.startsWith(prefix))
}
