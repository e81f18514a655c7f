import { lstatSync } from 'node:fs'
import { HelveError } from '../../job/errors.ts'

/** The file itself, its log, and the log's index, in which the locks are. */
const ENDINGS = ['', '-wal', '-shm']

/**
 * Tells whether the paths still lead to the files that were opened. SQLite goes on writing to a file
 * that has been deleted or replaced, and nobody would ever see what it writes.
 */
export class FileIdentity {
  readonly #files: { path: string; opened: number | undefined }[]

  /** @param file that is open now */
  constructor(file: string) {
    this.#files = ENDINGS.map((ending) => ({ path: file + ending, opened: inode(file + ending) }))
  }

  /** @throws HelveError `HELVE_ERR_STORE_LOST` */
  check(): void {
    for (const { path, opened } of this.#files) {
      const now = inode(path)
      if (now !== opened) throw lost(path, now)
    }
  }
}

function inode(path: string): number | undefined {
  try {
    return lstatSync(path, { throwIfNoEntry: false })?.ino
  } catch {
    return undefined
  }
}

function lost(path: string, now: number | undefined): HelveError {
  const what =
    now === undefined ? 'it has been deleted or cannot be reached' : 'another file has its place'
  return new HelveError('HELVE_ERR_STORE_LOST', `file: ${path}: ${what}, since it was opened`)
}
