import assert from 'node:assert/strict'
import { describe, type TestContext } from 'node:test'
import type { ClaimedJob } from '../../src/job/job.ts'
import { test } from '../support/each-store.ts'
import { completed } from '../support/fake-pool.ts'
import { aJob, claimsOn, requeues, turn } from '../support/jobs.ts'
import { aCoordinator, times, type Rig } from '../support/coordinator/rig.ts'

/** Makes the first `count` due jobs crash twice, past the coordinator. */
async function crashTwice({ store, clock }: Rig, count: number): Promise<void> {
  const now = clock.now()
  for (let crash = 0; crash < 2; crash += 1) {
    const { claimed } = await claimsOn(store, {}, { now, room: count })
    const lost = (job: ClaimedJob) => requeues(job, { charge: 'crash', runAt: job.runAt })
    await turn(store, { now, settles: claimed.map(lost) })
  }
}

describe('jobs whose next crash would be their last', () => {
  /** Makes `count` jobs that have all crashed twice. One of them runs. */
  async function suspects(t: TestContext, count: number) {
    const rig = await aCoordinator(t)
    const { pool, clock } = rig
    // The newest job is claimed first.
    await rig.enqueue(...times(count, (i) => ({ priority: -i })))
    await rig.claim()
    for (let crash = 0; crash < 2; crash += 1) {
      for (const id of pool.running) pool.finish(id, { type: 'lost', reason: 'exit' })
      await clock.settle()
    }
    return rig
  }

  test('run one at a time, until each has run', async (t) => {
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

  test('wait for each other hardly longer than each of them runs', async (t) => {
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

  test('are not dead when the process ends under the one that runs', async (t) => {
    const { pool, clock, coordinator, store, row } = await suspects(t, 4)
    const [guilty] = pool.running as [number]
    coordinator.close()
    const orphans = await store.join(clock.now())
    assert.deepEqual(
      orphans.map(({ id }) => id),
      [guilty],
    )
    const next = await aCoordinator(t, { store, clock })
    next.coordinator.settled(orphans[0]!, { type: 'lost', reason: 'exit' })
    await clock.settle()
    const { state, crashes, attempts } = await row(guilty)
    assert.deepEqual([state, crashes, attempts], ['dead', 3, 0])
    const { jobs } = await store.list({ state: 'queued' })
    assert.deepEqual(
      jobs.map((job) => [job.crashes, job.attempts]),
      times(3, () => [2, 0]),
    )
  })

  test('run one at a time over all lanes', async (t) => {
    const kinds = { a: 'first', b: 'second' }
    const { clock, claim, ...rig } = await aCoordinator(t, {
      lanes: { first: 9, second: 9 },
      kinds,
    })
    const pools = [...rig.pools.values()]
    await rig.enqueue({ kind: 'a', priority: 1 }, { kind: 'b' })
    await claim()
    for (let crash = 0; crash < 2; crash += 1) {
      for (const pool of pools) {
        for (const id of pool.running) pool.finish(id, { type: 'lost', reason: 'exit' })
      }
      await clock.settle()
    }
    assert.equal(pools.flatMap((pool) => pool.running).length, 1)
  })

  test('that wait spend no token of a rate', async (t) => {
    const rate = { limit: 4, per: 3_600_000 }
    const rig = await aCoordinator(t, { policies: { reindex: { rate } } })
    const { pool, clock, store } = rig
    await rig.enqueueOne()
    await rig.claim()
    for (let crash = 0; crash < 2; crash += 1) {
      pool.finish(pool.running[0]!, { type: 'lost', reason: 'exit' })
      await clock.settle()
    }
    // One token is left, and a second suspect has to wait for the first.
    const { id: twin } = await store.enqueue(aJob({ runAt: clock.now() }), clock.now())
    await crashTwice(rig, 1)
    await clock.advance(60_000)
    assert.equal(pool.running.length, 1)
    pool.finish(pool.running[0]!, completed())
    await clock.advance(2_000)
    assert.deepEqual(pool.running, [twin])
  })

  test('that wait let younger jobs of their kind start before other kinds', async (t) => {
    const rig = await aCoordinator(t, { lanes: { default: 3 } })
    const ids = await rig.enqueue({ kind: 'b' }, ...times(4, () => ({ kind: 'a' })), { kind: 'b' })
    await crashTwice(rig, 3)
    await rig.claim()
    assert.deepEqual(rig.pool.running, [ids[0], ids[3], ids[4]])
  })

  test('cause few turns while they wait for a long run', async (t) => {
    const { clock, turns } = await suspects(t, 2)
    const before = turns.turns.length
    await clock.advance(60_000)
    assert.ok(turns.turns.length - before < 200)
  })
})
