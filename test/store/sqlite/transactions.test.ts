import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import type { Turn } from '../../../src/store/turn.ts'
import {
  aJob,
  buries,
  bury,
  claimOne,
  completes,
  enqueue,
  NOW,
  refusal,
  turn,
} from '../../support/jobs.ts'
import { runDelay } from '../../support/run-delay.ts'
import { connect, openStore, openStoreAndConnection } from '../../support/store.ts'
import { discard, prune, retry } from '../../support/commands.ts'

/** What `PRAGMA synchronous` answers. */
const NORMAL = 1
const FULL = 2

describe('durability', () => {
  for (const [durability, acknowledging] of [
    ['power', FULL],
    ['process', NORMAL],
  ] as const) {
    test(`I1: ${durability}: the level of synchronous while a turn is committed`, async (t) => {
      const { store, connection } = await openStoreAndConnection(t, { durability })
      // Reads the level inside the transaction: SQLite lets nobody change it before the commit.
      async function during(part: Partial<Turn>): Promise<number> {
        let level = -1
        const admit: Turn['admit'] = () => {
          assert.ok(connection.inTransaction)
          level = connection.pragma('synchronous', { simple: true }) as number
          return []
        }
        await turn(store, { ...part, admit })
        return level
      }
      assert.equal(await during({ enqueues: [aJob()] }), acknowledging)
      assert.equal(await during({}), NORMAL)
      const settles = [completes(await claimOne(store), { followUps: [aJob()] })]
      assert.equal(await during({ settles }), NORMAL)
      const both = [completes(await claimOne(store))]
      assert.equal(await during({ settles: both, enqueues: [aJob()] }), acknowledging)
      assert.equal(await during({ enqueues: [aJob()] }), acknowledging)
      assert.equal(await during({}), NORMAL)
    })

    test(`I1: ${durability}: the level of synchronous after the other verbs`, async (t) => {
      const { store, connection } = await openStoreAndConnection(t, { durability })
      const dead = await bury(store, aJob())
      const verbs: [verb: string, use: () => Promise<unknown>, level: number][] = [
        ['join', () => store.join(NOW), NORMAL],
        ['enqueue', () => store.enqueue(aJob(), NOW), acknowledging],
        ['claim', () => store.claim(NOW), NORMAL],
        ['retry', () => retry(store, dead, NOW), acknowledging],
        ['discard', () => discard(store, dead), NORMAL],
        [
          'webhooks.create',
          () => store.webhooks.create({ url: 'http://x.localhost/' }),
          acknowledging,
        ],
        ['prune', () => prune(store, NOW), NORMAL],
      ]
      for (const [verb, use, level] of verbs) {
        await use()
        assert.equal(connection.pragma('synchronous', { simple: true }), level, verb)
      }
    })
  }
})

describe("another connection's write lock", () => {
  /** Milliseconds. SQLite's own default is to wait 5 s, which would block the event loop. */
  const SOON = 2_500
  /** Milliseconds, without the milliseconds for which no core was free. */
  const running = (): number => performance.now() - runDelay()

  const verbs: Record<string, (store: SqliteStore, dead: number) => Promise<unknown>> = {
    'a turn': (store) => turn(store, { enqueues: [aJob()] }),
    'a turn without enqueues': (store) => turn(store, {}),
    enqueue: (store) => store.enqueue(aJob(), NOW),
    join: (store) => store.join(NOW),
    retry: (store, dead) => retry(store, dead, NOW),
    discard: (store, dead) => discard(store, dead),
    prune: (store) => prune(store, NOW + 1),
    pruneDeliveries: (store) => store.pruneDeliveries(NOW + 1),
  }
  for (const [verb, use] of Object.entries(verbs)) {
    test(`refuses ${verb} soon, and a later try succeeds`, async (t) => {
      const store = await openStore(t)
      const dead = await bury(store, aJob({ kind: 'dead' }))
      const before = await store.list({})
      const other = connect(t, store.file)
      other.exec('BEGIN IMMEDIATE')
      const start = running()
      await assert.rejects(use(store, dead), refusal('HELVE_ERR_STORE_BUSY', 'file', store.file))
      assert.ok(running() - start < SOON)
      assert.deepEqual(await store.list({}), before)
      other.exec('COMMIT')
      await use(store, dead)
    })
  }

  test('I9: many callers at the same time wait for the lock no longer than one caller', async (t) => {
    const store = await openStore(t)
    const other = connect(t, store.file)
    other.exec('BEGIN IMMEDIATE')
    const start = running()
    const calls = Array.from({ length: 100 }, () => store.enqueue(aJob(), NOW))
    for (const { status } of await Promise.allSettled(calls)) assert.equal(status, 'rejected')
    assert.ok(running() - start < SOON)
    other.exec('COMMIT')
    await store.enqueue(aJob(), NOW)
  })

  test('does not keep a file from being opened and read', async (t) => {
    const store = await openStore(t)
    const { id } = await store.enqueue(aJob(), NOW)
    const other = connect(t, store.file)
    other.exec('BEGIN IMMEDIATE')
    const start = running()
    const second = await openStore(t, { file: store.file })
    assert.ok(running() - start < SOON)
    assert.equal((await second.get(id))?.state, 'queued')
    assert.equal((await second.list({})).jobs.length, 1)
  })
})

describe('a turn', () => {
  test('takes the write lock before it reads, so that its reads still hold when it writes', async (t) => {
    const store = await openStore(t)
    const other = connect(t, store.file)
    other.pragma('busy_timeout = 0')
    let refused: unknown
    const admit: Turn['admit'] = () => {
      try {
        other.exec('BEGIN IMMEDIATE')
      } catch (error) {
        refused = error
      }
      return []
    }
    await turn(store, { admit })
    assert.match(String(refused), /locked/)
  })

  test('whose COMMIT a constraint refuses is undone as a whole', async (t) => {
    const { store, connection } = await openStoreAndConnection(t)
    await enqueue(store, aJob())
    const job = await claimOne(store)
    const before = [await store.list({}), await store.counts()]
    // The host's own table has a deferred foreign key. SQLite checks the key at the commit, and
    // leaves the transaction open.
    connection.exec(`
      CREATE TABLE pushes (id INTEGER PRIMARY KEY);
      CREATE TABLE queued (push INTEGER REFERENCES pushes DEFERRABLE INITIALLY DEFERRED);
      CREATE TRIGGER keeps AFTER INSERT ON helve_jobs BEGIN INSERT INTO queued VALUES (5); END`)
    const part = { settles: [buries(job)], enqueues: [aJob()] }
    await assert.rejects(turn(store, part), /FOREIGN KEY constraint failed/)
    assert.equal(connection.inTransaction, false)
    assert.deepEqual([await store.list({}), await store.counts()], before)
    connection.exec('INSERT INTO pushes VALUES (5)')
    assert.equal((await turn(store, part)).settled[0]?.state, 'dead')
    assert.deepEqual(await store.counts(), { reindex: { queued: 1, running: 0, dead: 1 } })
  })
})

describe('a full database', () => {
  test('undoes a turn as a whole, and takes the turn when there is space again', async (t) => {
    const { store, connection } = await openStoreAndConnection(t)
    await enqueue(store, aJob())
    const job = await claimOne(store)
    const before = await store.list({})
    const pages = connection.pragma('page_count', { simple: true }) as number
    connection.pragma(`max_page_count = ${pages + 10}`)
    const part = {
      settles: [buries(job)],
      enqueues: [aJob(), aJob({ payload: 'x'.repeat(100_000) })],
    }
    const refused = refusal('HELVE_ERR_STORE_FULL', 'file', store.file)
    await assert.rejects(turn(store, part), refused)
    await assert.rejects(turn(store, part), refused)
    assert.equal(connection.inTransaction, false)
    assert.deepEqual(await store.list({}), before)
    assert.deepEqual(await store.counts(), { reindex: { queued: 0, running: 1, dead: 0 } })
    connection.pragma(`max_page_count = ${pages + 1_000}`)
    const { settled, enqueued } = await turn(store, part)
    assert.equal(settled[0]?.state, 'dead')
    assert.equal(enqueued.length, 2)
    assert.deepEqual(await store.counts(), { reindex: { queued: 2, running: 0, dead: 1 } })
  })
})
