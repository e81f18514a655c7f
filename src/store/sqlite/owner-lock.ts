import Database from 'better-sqlite3'
import { read } from '../../job/errors.ts'
import { createPrivately } from './private-file.ts'

/**
 * The exclusive lock of the one owner of a queue. It is a database of its own, so that a lock held
 * for the whole life of a process stands in nobody's way; the kernel frees it on kill -9.
 */
export class OwnerLock {
  readonly #db: Database.Database

  private constructor(db: Database.Database) {
    this.#db = db
  }

  /** Undefined when somebody else holds the lock. */
  static acquire(file: string, nativeBinding: string | undefined): OwnerLock | undefined {
    createPrivately(`${file}-owner`)
    const db = new Database(`${file}-owner`, {
      timeout: 0,
      ...(nativeBinding === undefined ? {} : { nativeBinding }),
    })
    try {
      db.pragma('journal_mode = DELETE')
      db.exec('BEGIN EXCLUSIVE')
      return new OwnerLock(db)
    } catch (error) {
      db.close()
      if (String(read(error, 'code')).startsWith('SQLITE_BUSY')) return undefined
      throw error
    }
  }

  release(): void {
    this.#db.close()
  }
}
