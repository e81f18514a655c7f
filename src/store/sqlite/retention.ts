import type { Database } from 'better-sqlite3'
import { inBatches } from '../in-batches.ts'
import { prepareRetention } from './statements/retention.ts'
import type { Transactions } from './transactions.ts'

/** Deletes old records of attempts, and then what no record needs any more. */
export class Retention {
  readonly #statements
  readonly #transactions: Transactions

  constructor(db: Database, transactions: Transactions) {
    this.#statements = prepareRetention(db)
    this.#transactions = transactions
  }

  /**
   * Deletes records of attempts, their deliveries, events and bodies. A delivery that a job still
   * tries to send is kept, with its event and its body.
   *
   * @param before a moment of the queue
   * @returns how many records of attempts were deleted
   */
  async prune(before: number): Promise<number> {
    const { pruneAttempts, pruneDeliveries } = this.#statements
    const attempts = await this.#inBatches((limit) => pruneAttempts.run({ before, limit }).changes)
    await this.#inBatches((limit) => pruneDeliveries.run({ before, limit }).changes)
    await this.#inBatches((limit) => this.#pruneEvents(before, limit))
    return attempts
  }

  #pruneEvents(before: number, limit: number): number {
    const { pruneEvents, pruneBody } = this.#statements
    const rows = pruneEvents.all({ before, limit })
    for (const hash of new Set(rows.map(([one]) => one))) pruneBody.run({ hash })
    return rows.length
  }

  #inBatches(batch: (limit: number) => number): Promise<number> {
    return inBatches((limit) => this.#transactions.repeatable(() => batch(limit)))
  }
}
