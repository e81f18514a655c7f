import { join } from 'node:path'
import type { TestContext } from 'node:test'
import Database from 'better-sqlite3'
import { SqliteStore, type SqliteStoreOptions } from '../../src/store/sqlite/sqlite-store.ts'
import { temporaryFolder } from './folder.ts'

/** Hooks of tests are on this machine: names under `localhost` need no lookup. */
export const LOOPBACK_HOOKS = { allow: ['loopback'], ports: ['1-65535'] } as const

type StoreOptions = SqliteStoreOptions & { file?: string }

/** A store on a file of the test's own; both are gone after the test. */
export async function openStore(
  t: Pick<TestContext, 'after'>,
  options: StoreOptions = {},
): Promise<SqliteStore> {
  const { file = join(await temporaryFolder(t), 'queue.db'), ...rest } = options
  const webhooks = { ...LOOPBACK_HOOKS, ...rest.webhooks }
  const store = await SqliteStore.open(file, { ...rest, webhooks })
  t.after(() => store.close())
  return store
}

/** A store and the connection under it, for tests that ask SQLite itself what is in force. */
export async function openStoreAndConnection(
  t: TestContext,
  options?: StoreOptions,
): Promise<{ store: SqliteStore; connection: Database.Database }> {
  const pragma = t.mock.method(Database.prototype, 'pragma')
  const store = await openStore(t, options)
  const connection = pragma.mock.calls[0]?.this as Database.Database
  pragma.mock.restore()
  return { store, connection }
}

/** Somebody else's connection to the file of a store. */
export function connect(t: Pick<TestContext, 'after'>, file: string): Database.Database {
  const connection = new Database(file)
  t.after(() => connection.close())
  return connection
}
