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

/** In older versions a WAL reset can corrupt the file: https://sqlite.org/releaselog/3_51_3.html */
const OLDEST_SQLITE = '3.51.3'

/** Milliseconds for which opening a file is tried again while others have the file locked. */
const OPEN_TIMEOUT = 5_000
/** Milliseconds between two tries, at the most. */
const LONGEST_PAUSE = 20

/**
 * Opens a file, creating (mode 0600) and migrating it where needed. Another process may do the
 * same, and lock the file meanwhile: the event loop is served until that process is done.
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
    // With a timeout, SQLite would wait on the main thread.
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

/** Begins again when another process is in the way: every step may be repeated. */
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
    // The pause is random, so that two processes do not meet at the same step again.
    await sleep(1 + Math.random() * LONGEST_PAUSE)
  }
}
