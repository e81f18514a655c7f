import type { Database } from 'better-sqlite3'
import { sleep } from '../../timer.ts'
import { inBatches } from '../in-batches.ts'
import { PageRoom } from '../page-room.ts'
import { prepareRetention } from './statements/retention.ts'
import type { RowStatement } from './statements/preparer.ts'
import type { Transactions } from './transactions.ts'

/** Deletes rows by a JSON array of their ids. */
type Drop = (ids: string) => void

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
    const { oldAttempts, oldDeliveries, oldEvents } = this.#statements
    const { dropAttempts, dropDeliveries } = this.#statements
    const attempts = await this.#sweep(oldAttempts, before, (ids) => dropAttempts.run({ ids }))
    await this.#sweep(oldDeliveries, before, (ids) => dropDeliveries.run({ ids }))
    await this.#sweep(oldEvents, before, (ids) => this.#dropEvents(ids))
    return attempts
  }

  /**
   * Looks at each old row once. Large rows make a batch short from its beginning on.
   *
   * @param old gives the time, the id and the bytes of each row
   * @returns the number of rows
   */
  #sweep(old: RowStatement, before: number, drop: Drop): Promise<number> {
    let after: { at: unknown; id: unknown } = { at: -1, id: 0 }
    return inBatches(
      (limit) =>
        this.#transactions.repeatable(() => {
          const room = new PageRoom()
          const found = old.all({ ...after, before, limit })
          const end = found.findIndex(([, , bytes]) => !room.take(bytes as number))
          const rows = end === -1 ? found : found.slice(0, end)
          const [at, id] = rows.at(-1) ?? []
          if (id === undefined) return 0
          drop(JSON.stringify(rows.map(([, one]) => one)))
          after = { at, id }
          return rows.length
        }),
      sleep,
    )
  }

  #dropEvents(ids: string): void {
    const { dropEvents, dropBodies } = this.#statements
    const hashes = dropEvents.all({ ids }).map(([hash]) => hash)
    dropBodies.run({ hashes: JSON.stringify(hashes) })
  }
}
