import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { completed } from '../support/fake-pool.ts'
import { aCoordinator, times } from './rig.ts'

describe('jobs whose next crash would be their last', () => {
  /** All of them have crashed twice; one of them runs. */
  async function suspects(t: TestContext, count: number) {
    const rig = await aCoordinator(t)
    const { pool, clock } = rig
    await rig.enqueue(...times(count, () => ({})))
    await rig.claim()
    for (let crash = 0; crash < 2; crash += 1) {
      for (const id of pool.running) pool.finish(id, { type: 'lost', reason: 'exit' })
      await clock.settle()
    }
    return rig
  }

  test('run one at a time, and each in the end', async (t) => {
    const { pool, clock, store } = await suspects(t, 5)
    const ran: number[] = []
    for (let i = 0; i < 5; i += 1) {
      assert.equal(pool.running.length, 1)
      ran.push(...pool.running)
      await clock.advance(2_500)
      assert.deepEqual(pool.running, ran.slice(-1), 'another one came beside it')
      pool.finish(pool.running[0]!, completed())
      await clock.advance(1_200)
    }
    assert.equal(new Set(ran).size, 5)
    assert.deepEqual(await store.counts(), {})
  })

  test('hold each other up hardly longer than they run', async (t) => {
    const { pool, clock, store } = await suspects(t, 50)
    let passed = 0
    for (
      ;
      pool.running.length > 0 || (await store.counts())['reindex'] !== undefined;
      passed += 1
    ) {
      assert.ok(passed < 2_000, `${JSON.stringify(await store.counts())} after ${passed} ms`)
      for (const id of pool.running) pool.finish(id, completed())
      await clock.advance(1)
    }
  })

  test('come seldom to see whether a long one is over', async (t) => {
    const { clock, of } = await suspects(t, 2)
    await clock.advance(60_000)
    assert.ok(of('released').length < 80)
  })
})
