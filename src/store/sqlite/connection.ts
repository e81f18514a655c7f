import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, resolve } from 'node:path'
import Database from 'better-sqlite3'
import { HelveError } from '../../job/errors.ts'
import { storeError } from './errors.ts'
import { BUSY_TIMEOUT } from './lock-wait.ts'
import { createPrivately } from './private-file.ts'
import { migrate } from './migrations/migrate.ts'

/** Below it a WAL reset can corrupt the file: https://sqlite.org/releaselog/3_51_3.html */
const OLDEST_SQLITE = '3.51.3'

/** Opens a file, creating (mode 0600) and migrating it where needed. */
export function openDatabase(path: string, nativeBinding: string | undefined): Database.Database {
  checkBinary(nativeBinding)
  const file = resolve(path)
  if (!existsSync(dirname(file))) {
    throw new HelveError('HELVE_ERR_OPTION', `file: expected an existing folder, got ${file}`)
  }
  let db: Database.Database | undefined
  try {
    createPrivately(file)
    db = new Database(file, {
      timeout: BUSY_TIMEOUT,
      ...(nativeBinding === undefined ? {} : { nativeBinding }),
    })
    checkVersion(db)
    configure(db)
    return db
  } catch (error) {
    db?.close()
    throw storeError(error, file)
  }
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

function configure(db: Database.Database): void {
  // The first connections of several processes may meet here: switching to WAL takes the file whole.
  db.pragma('busy_timeout = 5000')
  db.pragma('journal_mode = WAL')
  db.pragma('synchronous = FULL')
  db.pragma('trusted_schema = OFF')
  migrate(db)
  db.pragma(`busy_timeout = ${BUSY_TIMEOUT}`)
}

/** better-sqlite3 13 needs Node-API 10; on an older Node it ends the process with SIGSEGV. */
function checkBinary(nativeBinding: string | undefined): void {
  // A single executable brings its own binary, and has no package to look into.
  if (nativeBinding !== undefined) return
  const require = createRequire(import.meta.url)
  const { version } = require('better-sqlite3/package.json') as { version: string }
  if (Number.parseInt(version) < 13 || Number(process.versions.napi) >= 10) return
  throw new HelveError(
    'HELVE_ERR_OPTION',
    `better-sqlite3: expected version 12 on Node ${process.version} (Node-API ` +
      `${process.versions.napi}), got ${version}, which needs Node-API 10 (Node 22.14)`,
  )
}
