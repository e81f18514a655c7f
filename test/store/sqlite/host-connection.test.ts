import assert from 'node:assert/strict'
import { link, rename } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { aJob, claim, NOW, refusal } from '../../support/jobs.ts'
import { connect, openStore } from '../../support/store.ts'

type Connection = Database.Database
type Wrap = (statement: Database.Statement) => Database.Statement

/** A connection whose `prepare` gives statements in a mode that the host has chosen. */
class Wrapped extends Database {
  readonly #wrap: Wrap

  constructor(file: string, wrap: Wrap) {
    super(file)
    this.#wrap = wrap
  }

  override prepare(sql: string): never {
    const statement = super.prepare(sql) as Database.Statement
    return (statement.reader ? this.#wrap(statement) : statement) as never
  }
}

const wrapped =
  (wrap: Wrap) =>
  (file: string): Connection =>
    new Wrapped(file, wrap)

describe('whatever the modes of the connection, enqueueIn writes the same', () => {
  const hosts: Record<string, (file: string) => Connection> = {
    'none of its own': (file) => new Database(file),
    safeIntegers: (file) => new Database(file).defaultSafeIntegers(true),
    unsafeMode: (file) => new Database(file).unsafeMode(true),
    raw: wrapped((statement) => statement.raw()),
    pluck: wrapped((statement) => statement.pluck()),
    expand: wrapped((statement) => statement.expand()),
    'safeIntegers and raw': (file) =>
      new Wrapped(file, (statement) => statement.raw()).defaultSafeIntegers(true),
    'an own row': wrapped((statement) =>
      Object.assign(statement, { get: () => ({ row: 'mine' }), all: () => [] }),
    ),
  }
  for (const [mode, open] of Object.entries(hosts)) {
    test(mode, async (t) => {
      const store = await openStore(t)
      const connection = open(store.file)
      t.after(() => connection.close())
      connection.exec('BEGIN')
      const keyed = aJob({ dedupeKey: 'k', payload: 1, group: 'g' })
      const results = [
        store.enqueueIn(connection, aJob({ payload: 0 }), NOW),
        store.enqueueIn(connection, keyed, NOW),
        store.enqueueIn(connection, { ...keyed, payload: '2' }, NOW),
      ]
      connection.exec('COMMIT')
      assert.deepEqual(results, [
        { id: 1, deduped: false, state: 'queued' },
        { id: 2, deduped: false, state: 'queued' },
        { id: 2, deduped: true, state: 'queued' },
      ])
      assert.deepEqual(await store.counts(), { reindex: { queued: 2, running: 0, dead: 0 } })
      assert.deepEqual(await store.check(), { ok: true, problems: [] })
      const claimed = await claim(store)
      assert.deepEqual(
        claimed.map(({ payload }) => payload),
        ['0', '2'],
      )
    })
  }
})

/** A connection with an open transaction, which is rolled back after the test. */
function begun(t: TestContext, file: string): Connection {
  const connection = connect(t, file)
  connection.exec('BEGIN')
  return connection
}

function refuses(store: SqliteStore, connection: Connection, ...named: string[]): void {
  assert.throws(
    () => store.enqueueIn(connection, aJob(), NOW),
    refusal('HELVE_ERR_OPTION', 'connection', ...named),
  )
  connection.exec('ROLLBACK')
}

describe('enqueueIn refuses a connection that does not write to the file', () => {
  test("a connection that another store's enqueueIn has used", async (t) => {
    const [a, b] = [await openStore(t), await openStore(t)]
    const toA = begun(t, a.file)
    a.enqueueIn(toA, aJob(), NOW)
    toA.exec('COMMIT; BEGIN')
    refuses(b, toA, b.file, a.file)
    assert.equal((await a.list({})).jobs.length, 1)
    assert.deepEqual(await b.counts(), {})
  })

  test('a connection to a file of the host, to which the queue is attached', async (t) => {
    const store = await openStore(t)
    const host = join(await temporaryFolder(t), 'host.db')
    const connection = connect(t, host)
    connection.prepare('ATTACH ? AS queue').run(store.file)
    connection.exec('BEGIN')
    refuses(store, connection, store.file, host)
    assert.deepEqual(await store.counts(), {})
  })

  test('but not a connection to the queue, to which a file of the host is attached', async (t) => {
    const [store, other] = [await openStore(t), await openStore(t)]
    const connection = connect(t, store.file)
    connection.prepare('ATTACH ? AS other').run(other.file)
    connection.exec('BEGIN')
    store.enqueueIn(connection, aJob(), NOW)
    connection.exec('COMMIT')
    assert.equal((await store.list({})).jobs.length, 1)
    assert.deepEqual(await other.counts(), {})
  })

  test('but not a connection to the queue by a relative path, even after `chdir`', async (t) => {
    const store = await openStore(t)
    const before = process.cwd()
    t.after(() => process.chdir(before))
    process.chdir(join(store.file, '..'))
    const connection = connect(t, 'queue.db')
    process.chdir(before)
    connection.exec('BEGIN')
    store.enqueueIn(connection, aJob(), NOW)
    connection.exec('COMMIT')
    assert.equal((await store.list({})).jobs.length, 1)
  })

  test('a connection by another name of the file, for which SQLite has another log', async (t) => {
    const store = await openStore(t)
    await store.close()
    const other = join(await temporaryFolder(t), 'other.db')
    await link(store.file, other)
    const again = await openStore(t, { file: store.file })
    refuses(again, begun(t, other), again.file, other)
    assert.deepEqual(await again.counts(), {})
  })

  test('a connection to the file that was at the same path before', async (t) => {
    const [old, other] = [await openStore(t), await openStore(t)]
    const connection = connect(t, old.file)
    connection.exec('SELECT count(*) FROM helve_jobs')
    await Promise.all([old.close(), other.close()])
    for (const ending of ['', '-wal', '-shm'])
      await rename(old.file + ending, `${old.file}.old${ending}`)
    await rename(other.file, old.file)
    const store = await openStore(t, { file: old.file })
    connection.exec('BEGIN')
    refuses(store, connection, store.file, 'keeps nobody')
    assert.deepEqual(await store.counts(), {})
  })

  test('any connection, once the file is no longer at its path', async (t) => {
    const store = await openStore(t)
    const connection = begun(t, store.file)
    store.enqueueIn(connection, aJob(), NOW)
    await rename(store.file, `${store.file}.old`)
    const enqueueIn = () => store.enqueueIn(connection, aJob(), NOW)
    assert.throws(enqueueIn, refusal('HELVE_ERR_STORE_LOST', store.file))
  })

  test('any connection, once the store is closed', async (t) => {
    const store = await openStore(t)
    const connection = begun(t, store.file)
    store.enqueueIn(connection, aJob(), NOW)
    await store.close()
    assert.throws(() => store.enqueueIn(connection, aJob(), NOW), refusal('HELVE_ERR_CLOSED'))
  })
})
