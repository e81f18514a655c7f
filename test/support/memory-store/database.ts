import { HelveError } from '../../../src/job/errors.ts'
import type { Anchor } from '../../../src/store/timeline.ts'
import { Tables } from './tables.ts'

/** What the connections to one queue in memory share. */
export class Database {
  readonly tables = new Tables()
  /** The moment that a connection has kept, for connections that come later. */
  anchor: Anchor | undefined
  /** The connection that owns the queue. */
  #owner: object | undefined
  #isKept = false
  readonly #watchers = new Set<{ of: object; onWrite: () => void }>()

  get owner(): object | undefined {
    return this.#owner
  }

  /** @throws HelveError `HELVE_ERR_OWNED` */
  take(connection: object): void {
    if (this.#owner !== undefined) throw owned()
    this.#owner = connection
  }

  /** The owner keeps the queue until the process ends. */
  keep(connection: object): void {
    if (this.#owner === connection) this.#isKept = true
  }

  giveBack(connection: object): void {
    if (this.#owner === connection && !this.#isKept) this.#owner = undefined
  }

  /** Calls back soon after another connection has written. */
  watch(connection: object, onWrite: () => void): () => void {
    const watcher = { of: connection, onWrite }
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** A connection has written. */
  written(connection: object): void {
    setImmediate(() => {
      for (const { of, onWrite } of this.#watchers) if (of !== connection) onWrite()
    })
  }
}

function owned(): HelveError {
  const problem = `queue: expected one without an owner, got one that process ${process.pid} owns`
  return new HelveError('HELVE_ERR_OWNED', problem)
}
