import { lstatSync } from 'node:fs'
import { HelveError } from '../../job/errors.ts'

/**
 * Tells whether a path still leads to the file that was opened. SQLite goes on writing to a file
 * that has been deleted or replaced, and nobody would ever see what it writes.
 */
export class FileIdentity {
  readonly #file: string
  readonly #inode: number | undefined

  /** @param file that is open now */
  constructor(file: string) {
    this.#file = file
    this.#inode = inode(file)
  }

  /** @throws HelveError `HELVE_ERR_STORE_LOST` */
  check(): void {
    const now = inode(this.#file)
    if (now === this.#inode) return
    const what = now === undefined ? 'it has been deleted' : 'another file has taken its place'
    throw new HelveError('HELVE_ERR_STORE_LOST', `file: ${this.#file}: ${what} while it was open`)
  }
}

function inode(file: string): number | undefined {
  return lstatSync(file, { throwIfNoEntry: false })?.ino
}
