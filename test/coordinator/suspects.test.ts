import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { orphaned } from '../../src/coordinator/last-chance.ts'
import { settlement } from '../../src/coordinator/settle.ts'
import { DEFAULT_POLICY } from '../../src/job/policy.ts'
import type { Turn } from '../../src/store/store.ts'
import { completed } from '../support/fake-pool.ts'
import { claim } from '../support/jobs.ts'
import { aCoordinator, times } from './rig.ts'

describe('jobs whose next crash would be their last', () => {
  /** All of them have crashed twice; one of them runs. */
  async function suspects(t: TestContext, count: number) {
    const rig = await aCoordinator(t)
    const { pool, clock } = rig
    // The newest comes first.
    await rig.enqueue(...times(count, (i) => ({ priority: -i })))
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

  test('are not dead with the one that ran when their process ended', async (t) => {
    const { pool, clock, coordinator, store, row, of } = await suspects(t, 4)
    const [guilty] = pool.running as [number]
    const others = of('released').map(({ job }) => job.id)
    assert.equal(others.length, 3)
    // Claimed once more, and no turn has put them off again.
    coordinator.close()
    assert.equal((await claim(store, 3, clock.now() + 100)).length, 3)
    for (const { job, outcome } of orphaned(await store.own(clock.now() + 200))) {
      const next = settlement(outcome, job, DEFAULT_POLICY, clock.now() + 200, () => 0)
      await store.fail(job, next, clock.now() + 200)
    }
    const { state, crashes, attempts } = await row(guilty)
    assert.deepEqual([state, crashes, attempts], ['dead', 3, 0])
    for (const id of others) {
      const { state, crashes, attempts } = await row(id)
      assert.deepEqual([state, crashes, attempts], ['queued', 2, 0])
    }
  })

  test('are lost if they ran, whatever their lane, and only then', async (t) => {
    const kinds = { a: 'first', b: 'second' }
    const rig = await aCoordinator(t, { lanes: { first: 9, second: 9 }, kinds })
    const { clock, turns, store, coordinator } = rig
    const pools = [...rig.pools.values()]
    await rig.enqueue({ kind: 'a', priority: 1 }, { kind: 'b' })
    await rig.claim()
    const lose = async (): Promise<void> => {
      for (const pool of pools) {
        for (const id of pool.running) pool.finish(id, { type: 'lost', reason: 'exit' })
      }
      await clock.settle()
    }
    await lose()
    // What is put off stays claimed.
    const isPutOff = ({ settles }: Turn): boolean =>
      settles.some(({ settlement }) => 'charge' in settlement && settlement.charge === 'nothing')
    turns.fails = (turn) => (isPutOff(turn) ? new Error('no space') : undefined)
    await lose()
    coordinator.close()
    const orphans = orphaned(await store.own(clock.now()))
    const lost = orphans.filter(({ outcome }) => outcome.type === 'lost')
    const running = pools.flatMap((pool) => pool.running)
    assert.deepEqual([orphans.length, running.length], [2, 1])
    assert.deepEqual(
      lost.map(({ job }) => job.id),
      running,
    )
  })

  test('come seldom to see whether a long one is over', async (t) => {
    const { clock, of } = await suspects(t, 2)
    await clock.advance(60_000)
    assert.ok(of('released').length < 80)
  })
})
