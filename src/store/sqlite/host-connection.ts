import { statSync } from 'node:fs'
import Database from 'better-sqlite3'
import { shown } from '../../job/check.ts'
import { HelveError } from '../../job/errors.ts'
import type { EnqueueResult, NewJob } from '../../job/job.ts'
import type { NewPublication, Published } from '../../job/publication.ts'
import type { Store } from '../store.ts'
import { QueueChanges } from './queue-changes.ts'
import { enqueue } from './enqueue.ts'
import { library } from './library.ts'
import { publish, type Publishing } from './publish.ts'
import { prepareFile, prepareHost, type HostStatements } from './statements/enqueue.ts'
import type { Transactions } from './transactions.ts'

/** A host's own connection to the queue's file: the part of better-sqlite3's class that is used. */
export interface HostConnection {
  readonly name: string
  readonly inTransaction: boolean
  prepare(sql: string): unknown
}

/** A store into which a host enqueues by its own connection. The store answers synchronously. */
export interface HostedStore extends Store {
  enqueueIn(connection: HostConnection, job: NewJob, now: number): EnqueueResult
  publishIn(connection: HostConnection, publication: NewPublication, now: number): Published
}

/** Enqueues into one file by connections that the host has opened. */
export class HostConnections {
  readonly #file: string
  readonly #transactions: Transactions
  readonly #prepared = new WeakMap<Database.Database, HostStatements>()

  /** @param transactions of helve's own connection to the file */
  constructor(file: string, transactions: Transactions) {
    this.#file = file
    this.#transactions = transactions
  }

  /**
   * Enqueues in the transaction that is open on a host's connection. The job is committed or rolled
   * back with the transaction, and is as durable as the host has set the connection to be.
   */
  enqueue(connection: HostConnection, job: NewJob, now: number, wall: number): EnqueueResult {
    return this.#write(connection, (statements, changes) =>
      enqueue({ statements, changes, now, wall }, job),
    )
  }

  /** As {@link enqueue}, for an event for webhooks. */
  publish(
    connection: HostConnection,
    publication: NewPublication,
    around: Pick<Publishing, 'now' | 'wall' | 'masked'>,
  ): Published {
    return this.#write(connection, (statements, changes) =>
      publish({ ...around, statements, changes }, publication),
    )
  }

  #write<T>(
    connection: HostConnection,
    body: (statements: HostStatements, changes: QueueChanges) => T,
  ): T {
    checkConnection(connection)
    this.#transactions.check()
    const statements = this.#statements(connection)
    const changes = new QueueChanges()
    statements.savepoint.run()
    try {
      const result = body(statements, changes)
      changes.flush(statements)
      return result
    } catch (error) {
      // The host may catch the error and commit: a half is not to be committed.
      if (connection.inTransaction) statements.rollbackTo.run()
      throw error
    } finally {
      if (connection.inTransaction) statements.release.run()
    }
  }

  #statements(connection: Database.Database): HostStatements {
    const known = this.#prepared.get(connection)
    if (known !== undefined) return known
    // A host may have overridden its connection's `prepare` with one that gives other statements.
    const prepare: Database.Database['prepare'] = Database.prototype.prepare.bind(connection)
    this.#checkFile(prepareFile({ prepare }).get() as string, connection.name)
    const statements = prepareHost({ prepare })
    this.#checkLock(statements, connection.name)
    this.#prepared.set(connection, statements)
    return statements
  }

  /**
   * Compares the `-shm` files, which hold the locks. A connection by a hard link has another `-shm`
   * file, and so has a connection to which the queue is attached.
   */
  #checkFile(main: string, name: string): void {
    const own = statSync(`${this.#file}-shm`)
    const theirs = statSync(`${main}-shm`, { throwIfNoEntry: false })
    if (theirs?.ino === own.ino && theirs.dev === own.dev) return
    throw refused(`a connection to ${this.#file}`, `one to ${main || name}`)
  }

  /** Whatever the names say: a host's write lock on the queue keeps helve from taking the lock. */
  #checkLock(statements: HostStatements, name: string): void {
    statements.lock.run()
    if (this.#transactions.isLocked()) return
    throw refused(
      `a connection whose write lock keeps others from writing to ${this.#file}`,
      `one to ${name} that keeps nobody`,
    )
  }
}

function checkConnection(connection: unknown): asserts connection is Database.Database {
  if (!(connection instanceof Database)) {
    if (isConnection(connection)) throw foreign()
    throw refused('a better-sqlite3 connection with an open transaction', shown(connection))
  }
  if (connection.inTransaction) return
  throw refused('a better-sqlite3 connection with an open transaction', 'one without')
}

function isConnection(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'inTransaction' in value
}

/** Two copies of SQLite in one process ignore each other's locks, and lose commits. */
function foreign(): HelveError {
  const { path, version } = library()
  return refused(
    `a connection of the better-sqlite3 that helve loads (${version}, ${path})`,
    'one of another copy',
  )
}

function refused(expected: string, came: string): HelveError {
  return new HelveError('HELVE_ERR_OPTION', `connection: expected ${expected}, got ${came}`)
}
