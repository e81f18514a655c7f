import { machineClocks } from '../../../src/store/machine-clocks.ts'
import { storeIsClosed } from '../../../src/store/rules/refusals.ts'
import { Timeline, type TimeSources } from '../../../src/store/timeline.ts'
import { loopTurn } from '../signal.ts'
import { Database } from './database.ts'
import type { Tables } from './tables.ts'

export interface MemoryStoreOptions {
  /** A database that other connections have as well. @default a new one */
  database?: Database | undefined
  /** @default the machine's */
  clocks?: TimeSources
  /** Waits while a question or its answer travels. @default a turn of the event loop */
  travel?: () => Promise<void>
}

/**
 * One connection to a queue in memory, which answers as a database on another machine does: the
 * question travels, one transaction is executed, and the answer travels.
 */
export class Connection {
  readonly clock: Timeline
  readonly database: Database
  readonly #travel: () => Promise<void>
  readonly #onClose = new Set<() => Promise<unknown>>()
  #isClosed = false

  constructor({ database, clocks, travel }: MemoryStoreOptions = {}) {
    this.database = database ?? new Database()
    this.clock = new Timeline(clocks ?? machineClocks, this.database.anchor)
    this.#travel = travel ?? loopTurn
    this.#keepClock()
  }

  watch(onWrite: () => void, onClose?: () => Promise<unknown>): () => void {
    this.#checkOpen()
    const unwatch = this.database.watch(this, onWrite)
    if (onClose) this.#onClose.add(onClose)
    return () => {
      unwatch()
      if (onClose) this.#onClose.delete(onClose)
    }
  }

  /** Looks at the queue at one moment. */
  protected async ask<T>(body: (tables: Tables) => T): Promise<T> {
    await this.#travel()
    try {
      this.#checkOpen()
      return body(this.database.tables)
    } finally {
      await this.#travel()
    }
  }

  /** Changes the queue in one transaction, of which the other connections are told. */
  protected write<T>(body: (tables: Tables) => T): Promise<T> {
    return this.ask((tables) => {
      const result = tables.atomically(() => body(tables))
      this.#keepClock()
      this.database.written(this)
      return result
    })
  }

  async close(): Promise<void> {
    await Promise.all([...this.#onClose].map((onClose) => onClose()))
    await this.leave()
    this.#isClosed = true
  }

  /** A closed connection may leave as well. */
  async leave(isOver = true): Promise<void> {
    await this.#travel()
    if (isOver) this.database.giveBack(this)
    else this.database.keep(this)
    await this.#travel()
  }

  #checkOpen(): void {
    if (this.#isClosed) throw storeIsClosed()
  }

  #keepClock(): void {
    const anchor = this.clock.toKeep
    if (anchor === undefined) return
    this.database.anchor = anchor
    this.clock.kept(anchor)
  }
}
