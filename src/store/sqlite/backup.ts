import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import Database from 'better-sqlite3'
import { badOption } from '../../job/check.ts'
import { storeError } from './errors.ts'
import { BUSY_TIMEOUT } from './lock-wait.ts'
import { createPrivately } from './private-file.ts'

/**
 * Pages in one step of a copy. A step takes some tenths of a millisecond, and then the event loop
 * goes on.
 */
const PAGES = 64

/**
 * Copies a database page by page, as the database is when the copy begins.
 *
 * @param db an open connection to the database
 * @param isThere whether the path of the database still leads to the file that `db` has open
 */
export async function backup(
  db: Database.Database,
  isThere: boolean,
  nativeBinding: string | undefined,
  path: unknown,
): Promise<void> {
  if (typeof path !== 'string' || path === '') throw badOption('path', 'a path', path)
  const file = resolve(path)
  if (!createPrivately(file)) throw badOption('path', 'a file that is not there yet', path)
  let source: Database.Database | undefined
  try {
    // A deleted file can only be copied by a connection that has the file open.
    source = isThere ? snapshot(db.name, nativeBinding) : db
    await source.backup(file, { progress: () => PAGES })
  } catch (error) {
    rmSync(file, { force: true })
    throw storeError(error, file)
  } finally {
    if (source !== db) source?.close()
  }
}

/**
 * Opens a connection that sees no commits from now on. If a connection sees later commits, its copy
 * begins anew with each commit of another process, and may never end.
 */
function snapshot(file: string, nativeBinding: string | undefined): Database.Database {
  const db = new Database(file, {
    readonly: true,
    timeout: BUSY_TIMEOUT,
    ...(nativeBinding === undefined ? {} : { nativeBinding }),
  })
  db.exec('BEGIN; SELECT count(*) FROM sqlite_schema')
  return db
}
