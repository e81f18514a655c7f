import { lstatSync } from 'node:fs'
import { HelveError } from '../../job/errors.ts'

/** The endings of the file itself, its log, and the log's index, which holds locks. */
const ENDINGS = ['', '-wal', '-shm']

/**
 * Tells whether the paths still lead to the files that were opened. SQLite goes on writing to a
 * file that has been deleted or replaced, and nobody would ever see these writes.
 */
export class FileIdentity {
  /** The inodes of the opened files, by path. */
  readonly #opened = new Map<string, number | undefined>()

  /** @param file that is open now */
  constructor(file: string) {
    for (const ending of ENDINGS) this.include(file + ending)
  }

  /** Adds another file that is open now. */
  include(path: string): void {
    this.#opened.set(path, inode(path))
  }

  /** Removes a file, which is then checked no more. */
  exclude(path: string): void {
    this.#opened.delete(path)
  }

  /** The inodes of the opened files, by path. */
  get inodes(): ReadonlyMap<string, number | undefined> {
    return this.#opened
  }

  /** Whether all paths still lead to the files that were opened. */
  get isThere(): boolean {
    return [...this.#opened].every(([path, opened]) => inode(path) === opened)
  }

  /** @throws HelveError `HELVE_ERR_STORE_LOST` */
  check(): void {
    for (const [path, opened] of this.#opened) {
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
