import { rmSync } from 'node:fs'
import { resolve } from 'node:path'
import Database from 'better-sqlite3'
import { badOption } from '../../job/check.ts'
import { storeError } from './errors.ts'
import { BUSY_TIMEOUT } from './lock-wait.ts'
import { createPrivately } from './private-file.ts'

/** Pages that are copied at a time: some tenths of a millisecond, and then the event loop goes on. */
const PAGES = 64

/**
 * Copies a database page by page, as it is when the copy begins.
 *
 * @param db an open connection to it
 * @param isThere whether its path still leads to it
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
    // What has been deleted can be saved by the connection that has it open, and by no other.
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
 * A connection that sees nothing of what is committed from now on. The copy of one that does begins
 * anew with each commit of another process, and may never end.
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
