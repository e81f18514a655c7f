import type { Database } from 'better-sqlite3'
import { storeIsClosed } from '../rules/refusals.ts'
import { QueueChanges } from './queue-changes.ts'
import { storeError } from './errors.ts'
import { FileIdentity } from './file-identity.ts'
import { holdUntilExit } from './hold.ts'
import { LockWait } from './lock-wait.ts'
import { SoleCopy } from './sole-copy.ts'
import { prepareEnqueue, type EnqueueStatements } from './statements/enqueue.ts'
import { prepareTransactions, type TransactionStatements } from './statements/transactions.ts'

/**
 * Runs the transactions of one connection. A transaction happens entirely or not at all, and is as
 * durable as its caller needs.
 */
export class Transactions {
  /** `identity` and `soleCopy` are checked before each transaction. */
  readonly identity: FileIdentity
  readonly soleCopy: SoleCopy
  readonly #db: Database
  readonly #powerSafe: boolean
  readonly #statements: TransactionStatements & EnqueueStatements
  readonly #changes = new QueueChanges()
  readonly #lock: LockWait
  #isClosed = false
  #synchronous: 'full' | 'normal' = 'full'

  constructor(db: Database, durability: 'power' | 'process') {
    this.#db = db
    this.identity = new FileIdentity(db.name)
    this.soleCopy = new SoleCopy(this.identity)
    this.#lock = new LockWait(db)
    this.#powerSafe = durability === 'power'
    this.#statements = { ...prepareTransactions(db), ...prepareEnqueue(db) }
  }

  /** For a body after whose commit somebody is told that its writes are safe. */
  acknowledged<T>(body: (changes: QueueChanges) => T): T {
    return this.#run(this.#powerSafe ? 'full' : 'normal', body)
  }

  /** For a body whose writes a power cut may undo: helve would do the work of the body again. */
  repeatable<T>(body: (changes: QueueChanges) => T): T {
    return this.#run('normal', body)
  }

  /** For a body that only reads. */
  read<T>(body: () => T): T {
    this.#checkOpen()
    try {
      return body()
    } catch (error) {
      throw storeError(error, this.#db.name)
    }
  }

  /**
   * Checks that the file may be written to: the connection is open, the path still leads to the
   * file that was opened, and SQLite's locks hold.
   *
   * @throws HelveError `HELVE_ERR_CLOSED`, `HELVE_ERR_STORE_LOST`
   */
  check(): void {
    this.#checkOpen()
    this.identity.check()
    this.soleCopy.check()
  }

  /** Whether another connection holds the write lock. Never waits. */
  isLocked(): boolean {
    const { begin, rollback } = this.#statements
    return this.#lock.isTaken(
      () => begin.run(),
      () => rollback.run(),
    )
  }

  /** Closes the connection, unless closing would harm another copy of SQLite. */
  close(): void {
    this.#isClosed = true
    if (this.soleCopy.isAlone) this.#db.close()
    // Closing would drop the locks of the other copy, and delete its log.
    else holdUntilExit(this.#db)
  }

  /** Runs a part of a transaction. If the part throws, the part alone is undone. */
  part<T>(changes: QueueChanges, body: (changes: QueueChanges) => T): T {
    const own = new QueueChanges()
    this.#statements.savepoint.run()
    try {
      const result = body(own)
      changes.merge(own)
      return result
    } catch (error) {
      if (this.#db.inTransaction) this.#statements.rollbackTo.run()
      throw error
    } finally {
      if (this.#db.inTransaction) this.#statements.release.run()
    }
  }

  #checkOpen(): void {
    if (this.#db.open && !this.#isClosed) return
    throw storeIsClosed()
  }

  #run<T>(mode: 'full' | 'normal', body: (changes: QueueChanges) => T): T {
    this.check()
    try {
      this.#sync(mode)
      this.#lock.run(() => this.#statements.begin.run())
      const result = body(this.#changes)
      this.#changes.flush(this.#statements)
      this.#statements.commit.run()
      return result
    } catch (error) {
      this.#changes.clear()
      // SQLite may have rolled back by itself; a second rollback would throw.
      if (this.#db.inTransaction) this.#statements.rollback.run()
      throw storeError(error, this.#db.name)
    }
  }

  /**
   * Has to come before a transaction: SQLite ignores the pragma inside a transaction. The pragma
   * must not be a kept statement: SQLite applies the pragma when the statement is prepared, not
   * when the statement is run.
   */
  #sync(mode: 'full' | 'normal'): void {
    if (mode === this.#synchronous) return
    this.#db.pragma(`synchronous = ${mode}`)
    this.#synchronous = mode
  }
}
