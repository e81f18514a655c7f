import { closeSync, lstatSync, openSync } from 'node:fs'
import { HelveError, read } from '../../job/errors.ts'

/**
 * Creates a file that only its owner may read, unless it is there. SQLite gives the WAL, its index
 * and a journal the mode of the file itself. A symbolic link is not followed: the lock of its owner
 * would be that of another path, and whoever may make one would choose the file that is written.
 *
 * @returns false if it is there
 */
export function createPrivately(file: string): boolean {
  try {
    // Not through a link either: O_EXCL.
    closeSync(openSync(file, 'wx', 0o600))
    return true
  } catch (error) {
    const code = read(error, 'code')
    if (code !== 'EEXIST') {
      const isFull = code === 'ENOSPC' || code === 'EDQUOT'
      throw new HelveError(
        isFull ? 'HELVE_ERR_STORE_FULL' : 'HELVE_ERR_STORE_READONLY',
        `file: ${file}: it cannot be created (${String(error)})`,
        { cause: error },
      )
    }
  }
  if (lstatSync(file, { throwIfNoEntry: false })?.isSymbolicLink()) {
    throw new HelveError('HELVE_ERR_OPTION', `file: expected a file, got ${file}, a symbolic link`)
  }
  return false
}
