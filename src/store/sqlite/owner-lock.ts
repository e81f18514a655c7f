import Database from 'better-sqlite3'
import { isBusy, storeError } from './errors.ts'
import { close, holdUntilExit } from './hold.ts'
import { createPrivately } from './private-file.ts'

/**
 * The exclusive lock of the one owner of a queue. The lock is on a database of its own, so that an
 * owner that holds the lock for its whole life blocks nobody. The kernel frees the lock on kill -9.
 */
export class OwnerLock {
  readonly path: string
  readonly #db: Database.Database

  private constructor(path: string, db: Database.Database) {
    this.path = path
    this.#db = db
  }

  /** Takes the lock; undefined when somebody else holds the lock. */
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
      // A host may forget its store: the lock lasts until it is released, or the process ends.
      holdUntilExit(db)
      return new OwnerLock(path, db)
    } catch (error) {
      db?.close()
      if (isBusy(error)) return undefined
      throw storeError(error, path)
    }
  }

  release(): void {
    close(this.#db)
  }
}
