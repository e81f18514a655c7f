import { existsSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { sleep } from '../../timer.ts'
import Database from 'better-sqlite3'
import { HelveError } from '../../job/errors.ts'
import { isBusy, storeError } from './errors.ts'
import { checkBinary } from './library.ts'
import { BUSY_TIMEOUT } from './lock-wait.ts'
import { createPrivately } from './private-file.ts'
import { migrate } from './migrations/migrate.ts'

/** Below it a WAL reset can corrupt the file: https://sqlite.org/releaselog/3_51_3.html */
const OLDEST_SQLITE = '3.51.3'

/** Milliseconds for which opening a file goes on trying while others keep it. */
const OPEN_TIMEOUT = 5_000
/** Milliseconds between two tries, at the most. */
const LONGEST_PAUSE = 20

/**
 * Opens a file, creating (mode 0600) and migrating it where needed. Another process may be doing the
 * same, and has the file for itself meanwhile: the event loop is served until it is done.
 */
export async function openDatabase(
  path: string,
  nativeBinding: string | undefined,
  timeout = OPEN_TIMEOUT,
): Promise<Database.Database> {
  checkBinary(nativeBinding)
  const file = resolve(path)
  if (!existsSync(dirname(file))) {
    throw new HelveError('HELVE_ERR_OPTION', `file: expected an existing folder, got ${file}`)
  }
  let db: Database.Database | undefined
  try {
    createPrivately(file)
    db = connect(file, nativeBinding)
    await configure(db, performance.now() + timeout)
    db.pragma(`busy_timeout = ${BUSY_TIMEOUT}`)
    return db
  } catch (error) {
    db?.close()
    throw storeError(error, file)
  }
}

function connect(file: string, nativeBinding: string | undefined): Database.Database {
  return new Database(file, {
    // SQLite would wait on the main thread.
    timeout: 0,
    ...(nativeBinding === undefined ? {} : { nativeBinding }),
  })
}

function checkVersion(db: Database.Database): void {
  const version = db.prepare('SELECT sqlite_version()').pluck().get() as string
  if (version.localeCompare(OLDEST_SQLITE, 'en', { numeric: true }) < 0) {
    throw new HelveError(
      'HELVE_ERR_OPTION',
      `better-sqlite3: expected SQLite ${OLDEST_SQLITE} or newer, got ${version}`,
    )
  }
}

/** Every step may be taken again, so that it begins anew where another process was in the way. */
async function configure(db: Database.Database, end: number): Promise<void> {
  for (;;) {
    try {
      checkVersion(db)
      db.pragma('journal_mode = WAL')
      db.pragma('synchronous = FULL')
      db.pragma('trusted_schema = OFF')
      return migrate(db)
    } catch (error) {
      if (!isBusy(error) || performance.now() >= end) throw error
    }
    // At random, not to meet the same process at the same place again.
    await sleep(1 + Math.random() * LONGEST_PAUSE)
  }
}
