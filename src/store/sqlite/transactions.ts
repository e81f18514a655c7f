import type { Database } from 'better-sqlite3'
import { HelveError } from '../../job/errors.ts'
import { Counters } from './counters.ts'
import { storeError } from './errors.ts'
import {
  prepareEnqueue,
  prepareTransactions,
  type EnqueueStatements,
  type TransactionStatements,
} from './statements.ts'

/** Runs the transactions of one connection: all or nothing, and as durable as it has to be. */
export class Transactions {
  readonly #db: Database
  readonly #powerSafe: boolean
  readonly #statements: TransactionStatements & EnqueueStatements
  readonly #counters = new Counters()
  #synchronous: 'full' | 'normal' = 'full'

  constructor(db: Database, durability: 'power' | 'process') {
    this.#db = db
    this.#powerSafe = durability === 'power'
    this.#statements = { ...prepareTransactions(db), ...prepareEnqueue(db) }
  }

  /** For a body after which somebody is told that what it wrote is safe. */
  acknowledged<T>(body: (counters: Counters) => T): T {
    return this.#run(this.#powerSafe ? 'full' : 'normal', body)
  }

  /** For a body that a power cut may take back: what it does would be done again. */
  repeatable<T>(body: (counters: Counters) => T): T {
    return this.#run('normal', body)
  }

  #run<T>(mode: 'full' | 'normal', body: (counters: Counters) => T): T {
    if (!this.#db.open) throw new HelveError('HELVE_ERR_CLOSED', 'store: expected open, got closed')
    try {
      this.#sync(mode)
      this.#statements.begin.run()
      const result = body(this.#counters)
      this.#counters.flush(this.#statements)
      this.#statements.commit.run()
      return result
    } catch (error) {
      this.#counters.clear()
      // SQLite may have rolled back by itself; a second rollback would throw.
      if (this.#db.inTransaction) this.#statements.rollback.run()
      throw storeError(error, this.#db.name)
    }
  }

  /** Ignored by SQLite inside a transaction: it has to come before. */
  #sync(mode: 'full' | 'normal'): void {
    if (mode === this.#synchronous) return
    if (mode === 'full') this.#statements.syncFull.run()
    else this.#statements.syncNormal.run()
    this.#synchronous = mode
  }
}
