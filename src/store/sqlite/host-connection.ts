import { statSync } from 'node:fs'
import type { Database } from 'better-sqlite3'
import { HelveError } from '../../job/errors.ts'
import type { EnqueueResult, NewJob } from '../../job/job.ts'
import type { HostConnection } from '../store.ts'
import { QueueChanges } from './queue-changes.ts'
import { enqueue } from './enqueue.ts'
import { prepareEnqueue, type EnqueueStatements } from './statements.ts'

const prepared = new WeakMap<HostConnection, EnqueueStatements>()

/**
 * Enqueues in the transaction that is open on a host's connection: committed and rolled back with
 * it, and as durable as the host has set that connection to be.
 */
export function enqueueInHost(
  connection: HostConnection,
  file: string,
  job: NewJob,
  now: number,
  wall: number,
): EnqueueResult {
  if (!connection?.inTransaction) {
    throw refused('a better-sqlite3 connection with an open transaction', 'one without')
  }
  let statements = prepared.get(connection)
  if (statements === undefined) {
    checkFile(connection, file)
    statements = prepareEnqueue(connection as Database)
    prepared.set(connection, statements)
  }
  const changes = new QueueChanges()
  const result = enqueue({ statements, changes, now, wall }, job)
  changes.flush(statements)
  return result
}

function checkFile(connection: HostConnection, file: string): void {
  const own = statSync(file)
  const theirs = statSync(connection.name, { throwIfNoEntry: false })
  if (theirs?.ino === own.ino && theirs.dev === own.dev) return
  throw refused(`a connection to ${file}`, `one to ${connection.name}`)
}

function refused(expected: string, came: string): HelveError {
  return new HelveError('HELVE_ERR_OPTION', `connection: expected ${expected}, got ${came}`)
}
