import type { Database } from 'better-sqlite3'
import { isBusy } from './errors.ts'

/** The main thread waits this long inside SQLite for another writer; milliseconds. */
export const BUSY_TIMEOUT = 50

/**
 * Waits for the write lock. After a wait in vain, no caller waits for the next `BUSY_TIMEOUT`
 * milliseconds: many callers at the same time would hold up the main thread one after the other.
 */
export class LockWait {
  readonly #db: Database
  #waits = true
  #waitsAgain = 0

  /** @param db whose `busy_timeout` is {@link BUSY_TIMEOUT} */
  constructor(db: Database) {
    this.#db = db
  }

  /** @param take takes the write lock */
  run(take: () => unknown): void {
    this.#wait(performance.now() >= this.#waitsAgain)
    try {
      take()
    } catch (error) {
      if (isBusy(error) && this.#waits) this.#waitsAgain = performance.now() + BUSY_TIMEOUT
      throw error
    }
  }

  /**
   * Whether somebody else holds the write lock. Never waits.
   *
   * @param take takes the write lock
   * @param release gives the write lock back
   */
  isTaken(take: () => unknown, release: () => unknown): boolean {
    this.#wait(false)
    try {
      take()
    } catch (error) {
      if (isBusy(error)) return true
      throw error
    }
    release()
    return false
  }

  #wait(waits: boolean): void {
    if (waits === this.#waits) return
    this.#db.pragma(`busy_timeout = ${waits ? BUSY_TIMEOUT : 0}`)
    this.#waits = waits
  }
}
