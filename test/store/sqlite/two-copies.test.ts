import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { copyFile, readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { aJob, claim, enqueue, NOW, refusal, turn } from '../../support/jobs.ts'
import { secondCopy } from '../../support/second-copy.ts'
import { loopTurn } from '../../support/signal.ts'
import { connect, openStore } from '../../support/store.ts'

// helve notices another copy only where the system has /proc, as Linux has.
const options = { skip: !existsSync('/proc/locks') && 'no /proc/locks' }

/** Turns that a test takes at the most; a store that notices needs only a few. */
const MOST_TURNS = 1_000

/**
 * The error with which a turn is refused once helve has looked again. Each reading of the clock
 * moves the clock on by a second.
 */
async function refusedTurn(
  t: TestContext,
  store: SqliteStore,
  most = MOST_TURNS,
): Promise<unknown> {
  let now = performance.now()
  const time = t.mock.method(performance, 'now', () => (now += 1_000))
  try {
    for (let turns = 0; turns < most; turns += 1) {
      await turn(store, {})
      await loopTurn()
    }
  } catch (error) {
    return error
  } finally {
    time.mock.restore()
  }
  return assert.fail('no turn was refused')
}

describe('another copy of better-sqlite3', () => {
  test('is known by its class: `enqueueIn` refuses its connection by name, and writes nothing', async (t) => {
    const Other = await secondCopy(t)
    const store = await openStore(t)
    const theirs = new Other(store.file)
    t.after(() => theirs.close())
    theirs.exec('BEGIN IMMEDIATE')
    const { version } = createRequire(import.meta.url)('better-sqlite3/package.json') as {
      version: string
    }
    assert.throws(
      () => store.enqueueIn(theirs, aJob(), NOW),
      refusal('HELVE_ERR_OPTION', 'connection', 'better-sqlite3', version, 'another copy'),
    )
    theirs.exec('COMMIT')
    assert.deepEqual(await store.counts(), {})
  })

  test('that has the file open keeps a store from being opened', options, async (t) => {
    const Other = await secondCopy(t)
    const { file } = await closedStore(t)
    const theirs = new Other(file)
    t.after(() => theirs.close())
    theirs.exec('SELECT count(*) FROM helve_jobs')
    await assert.rejects(
      openStore(t, { file }),
      refusal('HELVE_ERR_STORE_LOST', file, 'another copy of SQLite'),
    )
    theirs.exec('CREATE TABLE theirs (n)')
    assert.equal(existsSync(`${file}-wal`), true)
  })

  test(
    'that opens the file before the store owns the file keeps the store from owning it',
    options,
    async (t) => {
      const Other = await secondCopy(t)
      const store = await openStore(t)
      const theirs = new Other(store.file)
      t.after(() => theirs.close())
      theirs.exec('SELECT count(*) FROM helve_jobs')
      await assert.rejects(
        store.join(NOW),
        refusal('HELVE_ERR_STORE_LOST', 'another copy of SQLite'),
      )
    },
  )

  test(
    'I1: that opens the file later is noticed, and nothing more is acknowledged',
    options,
    async (t) => {
      const Other = await secondCopy(t)
      const store = await openStore(t)
      await store.join(NOW)
      await enqueue(store, aJob())
      const theirs = new Other(store.file)
      t.after(() => theirs.close())
      theirs.exec('SELECT count(*) FROM helve_jobs')
      const lost = refusal('HELVE_ERR_STORE_LOST', store.file, 'another copy of SQLite')
      lost(await refusedTurn(t, store))
      await assert.rejects(store.enqueue(aJob(), NOW), lost)
      await assert.rejects(claim(store), lost)
      const ours = connect(t, store.file)
      ours.exec('BEGIN')
      assert.throws(() => store.enqueueIn(ours, aJob(), NOW), lost)
      ours.exec('ROLLBACK')
      assert.equal((await store.list({})).jobs.length, 1)
    },
  )

  test('loses nothing of its own when the store is closed', options, async (t) => {
    const Other = await secondCopy(t)
    const store = await openStore(t)
    const theirs = new Other(store.file)
    t.after(() => theirs.close())
    theirs.exec('CREATE TABLE theirs (n)')
    await assert.rejects(store.join(NOW), refusal('HELVE_ERR_STORE_LOST'))
    await store.close()
    await assert.rejects(store.enqueue(aJob(), NOW), refusal('HELVE_ERR_CLOSED'))
    assert.equal(existsSync(`${store.file}-wal`), true)
    theirs.exec('INSERT INTO theirs VALUES (5)')
    const outside = connect(t, store.file)
    assert.equal(outside.prepare('SELECT n FROM theirs').pluck().get(), 5)
  })
})

describe('I1, I3: a lock that this process no longer holds ends the store', options, () => {
  const ways: [
    what: string,
    named: string,
    drop: (t: TestContext, file: string) => Promise<void>,
  ][] = [
    ['a copy of SQLite has closed the file', 'queue.db:', closeByAnotherCopy],
    ['the file has been copied by node:fs', 'queue.db:', copy('')],
    ["the log's index has been copied", 'queue.db-shm:', copy('-shm')],
    ["the owner's lock has been read", 'queue.db-owner:', read('-owner')],
  ]
  for (const [what, named, drop] of ways) {
    test(what, async (t) => {
      const store = await openStore(t)
      await store.join(NOW)
      await enqueue(store, aJob())
      await drop(t, store.file)
      refusal('HELVE_ERR_STORE_LOST', named, 'dropped its lock')(await refusedTurn(t, store))
    })
  }

  test('a lock that this process still holds does not end the store, even if other connections close the file', async (t) => {
    const store = await openStore(t)
    await store.join(NOW)
    const second = await openStore(t, { file: store.file })
    await second.enqueue(aJob(), NOW)
    await second.close()
    connect(t, store.file).exec('SELECT count(*) FROM helve_jobs').close()
    assert.deepEqual(await store.check(), { ok: true, problems: [] })
    await assert.rejects(refusedTurn(t, store, 50), /no turn was refused/)
  })
})

/** A queue that nobody has open. */
async function closedStore(t: TestContext): Promise<SqliteStore> {
  const store = await openStore(t)
  await store.close()
  return store
}

async function closeByAnotherCopy(t: TestContext, file: string): Promise<void> {
  const Other = await secondCopy(t)
  new Other(file).close()
}

function copy(ending: string) {
  return async (t: TestContext, file: string): Promise<void> =>
    copyFile(file + ending, join(await temporaryFolder(t), 'copy'))
}

function read(ending: string) {
  return async (_t: TestContext, file: string): Promise<void> => {
    await readFile(file + ending)
  }
}
