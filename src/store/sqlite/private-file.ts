import { closeSync, openSync } from 'node:fs'
import { HelveError } from '../../job/errors.ts'

/**
 * Creates a file that only its owner may read, unless it is there. SQLite gives the WAL, its index
 * and a journal the mode of the file itself.
 */
export function createPrivately(file: string): void {
  try {
    closeSync(openSync(file, 'wx', 0o600))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return
    throw new HelveError('HELVE_ERR_STORE_READONLY', `file: ${file}: it cannot be created`, {
      cause: error,
    })
  }
}
