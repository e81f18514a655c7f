import { closeSync, lstatSync, openSync } from 'node:fs'
import { HelveError, read } from '../../job/errors.ts'

/**
 * Creates a file that only its owner may read, unless the file exists. SQLite gives the WAL, its
 * index and a journal the mode of the file itself. A symbolic link is refused: the owner's lock
 * would belong to the path of the link, and whoever may make a link would choose the file that is
 * written.
 *
 * @returns false if the file exists
 */
export function createPrivately(file: string): boolean {
  try {
    // `wx` means O_EXCL, which does not follow a link either.
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
