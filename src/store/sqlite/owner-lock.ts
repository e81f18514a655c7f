import Database from 'better-sqlite3'
import { isBusy, storeError } from './errors.ts'
import { holdUntilExit } from './hold.ts'
import { createPrivately } from './private-file.ts'

/**
 * The exclusive lock of the one owner of a queue. It is a database of its own, so that a lock held
 * for the whole life of a process stands in nobody's way; the kernel frees it on kill -9.
 */
export class OwnerLock {
  readonly path: string
  readonly #db: Database.Database

  private constructor(path: string, db: Database.Database) {
    this.path = path
    this.#db = db
  }

  /** Undefined when somebody else holds the lock. */
  static acquire(file: string, nativeBinding: string | undefined): OwnerLock | undefined {
    const path = `${file}-owner`
    createPrivately(path)
    let db: Database.Database | undefined
    try {
      db = new Database(path, {
        timeout: 0,
        ...(nativeBinding === undefined ? {} : { nativeBinding }),
      })
      db.pragma('journal_mode = DELETE')
      db.exec('BEGIN EXCLUSIVE')
      return new OwnerLock(path, db)
    } catch (error) {
      db?.close()
      if (isBusy(error)) return undefined
      throw storeError(error, path)
    }
  }

  /** It cannot be released any more. */
  holdUntilExit(): void {
    holdUntilExit(this.#db)
  }

  release(): void {
    this.#db.close()
  }
}
