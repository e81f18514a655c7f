import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { Runtime, StoreEnqueuer, type SqliteStore } from '../../src/index.ts'
import { loopTurn, signal } from '../support/signal.ts'
import { openStore } from '../support/store.ts'

/** A runtime whose timers the test moves, and the `since` of its events `unowned`. */
async function setUp(t: TestContext, store?: SqliteStore) {
  const own = store ?? (await openStore(t))
  const runtime = new Runtime(own, { logger: false })
  t.after(() => runtime.stop())
  const told: number[] = []
  runtime.on('unowned', ({ since }) => told.push(since))
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const pass = async (ms: number): Promise<void> => {
    t.mock.timers.tick(ms)
    for (let turns = 0; turns < 5; turns += 1) await loopTurn()
  }
  return { store: own, runtime, told, pass }
}

describe('jobs that are accepted, though nobody runs them', () => {
  test('are told of once, after some seconds', async (t) => {
    const { runtime, told, pass } = await setUp(t)
    const before = Date.now()
    await runtime.enqueue('reindex')
    await pass(4_999)
    assert.deepEqual(told, [])
    await pass(1)
    assert.equal(told.length, 1)
    assert.ok(told[0]! >= before && told[0]! <= Date.now())
    await runtime.enqueue('reindex')
    await pass(60_000)
    assert.equal(told.length, 1)
  })

  test('are not told of if somebody owns the file, or has run them', async (t) => {
    const { store, runtime, told, pass } = await setUp(t)
    const owner = new Runtime(await openStore(t, { file: store.file }), { logger: false })
    await owner.start()
    t.after(() => owner.stop())
    await runtime.enqueue('reindex')
    await pass(5_000)
    assert.deepEqual(told, [])
  })

  test('are not told of if they are not due', async (t) => {
    const { runtime, told, pass } = await setUp(t)
    await runtime.enqueue('reindex', {}, { delay: 60_000 })
    await pass(5_000)
    assert.deepEqual(told, [])
  })

  test('are told of once some are due, though those before them were not', async (t) => {
    const { runtime, told, pass } = await setUp(t)
    await runtime.enqueue('reindex', {}, { delay: 60_000 })
    await pass(5_000)
    await runtime.enqueue('reindex')
    await pass(5_000)
    assert.equal(told.length, 1)
    await runtime.enqueue('reindex')
    await pass(60_000)
    assert.equal(told.length, 1)
  })

  test('are told of by the time of the queue, whatever the wall clock shows', async (t) => {
    const now = (): number => Date.now() + 3_600_000
    const clocks = { wall: now, monotonic: now, boot: undefined }
    const { runtime, told, pass } = await setUp(t, await openStore(t, { clocks }))
    await runtime.enqueue('reindex')
    await pass(5_000)
    assert.equal(told.length, 1)
  })

  for (const ends of ['start', 'stop'] as const) {
    test(`are not told of after ${ends}`, async (t) => {
      const { runtime, told, pass } = await setUp(t)
      await runtime.enqueue('reindex')
      await runtime[ends]()
      await pass(5_000)
      assert.deepEqual(told, [])
    })
  }

  test('make an error event if the look for an owner fails', async (t) => {
    const { store, runtime, told, pass } = await setUp(t)
    const failed = signal<string>('the error')
    runtime.on('error', ({ during }) => failed.fire(during))
    await new StoreEnqueuer(store).enqueue('reindex')
    await runtime.enqueue('reindex')
    t.mock.method(store, 'owner', () => Promise.reject(new Error('disk on fire')))
    await pass(5_000)
    assert.match(await failed.wait(), /looking whether anybody runs/)
    assert.deepEqual(told, [])
  })
})
