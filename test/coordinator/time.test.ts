import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { failed } from '../support/fake-pool.ts'
import { aJob, NOW } from '../support/jobs.ts'
import { openStore } from '../support/store.ts'
import { aCoordinator, IDLE, type Rig } from './rig.ts'

const HOUR = 3_600_000

/** Somebody else enqueues into the file, and tells nobody. */
async function enqueueElsewhere(t: TestContext, { store, clock }: Rig, runAt = clock.now()) {
  const other = await openStore(t, { file: store.file, durability: 'process' })
  const { id } = await other.enqueue(aJob({ runAt }), clock.now())
  return id
}

describe('a job that is due later', () => {
  test('starts at its moment, and not before', async (t) => {
    const { claim, enqueueOne, clock, pool } = await aCoordinator(t, { idle: 10 * HOUR })
    await claim()
    const id = await enqueueOne({ runAt: NOW + 1_500 })
    await clock.advance(1_499)
    assert.deepEqual(pool.running, [])
    await clock.advance(1)
    assert.deepEqual(pool.running, [id])
  })

  test('starts at its moment although others were due earlier, or are due later', async (t) => {
    const { claim, enqueue, clock, pool } = await aCoordinator(t, { idle: 10 * HOUR })
    await claim()
    await enqueue({ runAt: NOW + 5_000 })
    await enqueue({ runAt: NOW + 1_000 }, { runAt: NOW + 3_000 })
    const starts: [at: number, id: number | undefined][] = []
    for (let second = 1; second <= 5; second++) {
      await clock.advance(999)
      const before = pool.started.length
      await clock.advance(1)
      if (pool.started.length > before) starts.push([second, pool.started.at(-1)?.job.id])
    }
    assert.deepEqual(starts, [
      [1, 2],
      [3, 3],
      [5, 1],
    ])
  })

  test('was in the file before anybody claimed', async (t) => {
    const { claim, enqueueOne, clock, pool } = await aCoordinator(t, { idle: 10 * HOUR })
    const id = await enqueueOne({ runAt: NOW + 1_500 })
    await clock.advance(500)
    await claim()
    await clock.advance(999)
    assert.deepEqual(pool.running, [])
    await clock.advance(1)
    assert.deepEqual(pool.running, [id])
  })

  test('starts when its lane has room, if it had none at its moment', async (t) => {
    const { claim, enqueue, clock, pool } = await aCoordinator(t, { lanes: { default: 1 } })
    await claim()
    const [first, second] = await enqueue({}, { runAt: NOW + 1_500 })
    await clock.advance(10_000)
    assert.deepEqual(pool.running, [first])
    pool.finish(first!)
    await clock.settle()
    assert.deepEqual(pool.running, [second])
  })
})

describe('the idle poll', () => {
  test('finds what another connection has enqueued', async (t) => {
    const rig = await aCoordinator(t)
    await rig.claim()
    const id = await enqueueElsewhere(t, rig)
    await rig.clock.advance(IDLE - 1)
    assert.deepEqual(rig.pool.running, [])
    await rig.clock.advance(1)
    assert.deepEqual(rig.pool.running, [id])
  })

  test('goes on, however often nothing was found', async (t) => {
    const rig = await aCoordinator(t)
    await rig.claim()
    await rig.clock.advance(10 * IDLE)
    assert.equal(rig.turns.turns.length, 11)
    const id = await enqueueElsewhere(t, rig)
    await rig.clock.advance(IDLE)
    assert.deepEqual(rig.pool.running, [id])
  })

  test('finds it while a later job is waited for', async (t) => {
    const rig = await aCoordinator(t)
    await rig.claim()
    await rig.enqueueOne({ runAt: NOW + HOUR })
    const id = await enqueueElsewhere(t, rig, NOW + 10 * IDLE)
    await rig.clock.advance(10 * IDLE - 1)
    assert.deepEqual(rig.pool.running, [])
    await rig.clock.advance(1)
    assert.deepEqual(rig.pool.running, [id])
  })

  test('waits a minute at most, whatever idle says: the clock may be set', async (t) => {
    const { claim, clock } = await aCoordinator(t, { idle: 10 * HOUR })
    await claim()
    assert.deepEqual(clock.waits, [60_000])
  })
})

describe('wake', () => {
  test('finds what another connection has enqueued, without the wait', async (t) => {
    const rig = await aCoordinator(t)
    await rig.claim()
    const id = await enqueueElsewhere(t, rig)
    rig.coordinator.wake()
    await rig.clock.settle()
    assert.deepEqual(rig.pool.running, [id])
  })

  test('many times at once is one turn', async (t) => {
    const { claim, coordinator, clock, turns } = await aCoordinator(t)
    await claim()
    for (let time = 1; time <= 5; time++) coordinator.wake()
    await clock.settle()
    assert.equal(turns.turns.length, 2)
  })

  test('is nothing to a coordinator that does not claim', async (t) => {
    const { coordinator, clock, turns } = await aCoordinator(t)
    coordinator.wake()
    await clock.settle()
    assert.deepEqual(turns.turns, [])
  })
})

describe('the timer', () => {
  test('is one, whatever happens', async (t) => {
    const { claim, enqueue, coordinator, clock, pool } = await aCoordinator(t)
    await claim()
    for (let round = 1; round <= 3; round++) {
      const [id] = await enqueue({}, { runAt: clock.now() + 200 })
      coordinator.wake()
      await clock.advance(100)
      pool.finish(id!, failed())
      await clock.settle()
      assert.equal(clock.waits.length, 1)
    }
  })

  test('is none when nothing is claimed', async (t) => {
    const { claim, coordinator, enqueueOne, clock } = await aCoordinator(t)
    await enqueueOne({ runAt: NOW + 500 })
    assert.deepEqual(clock.waits, [])
    await claim()
    assert.deepEqual(clock.waits, [500])
    coordinator.pause()
    assert.deepEqual(clock.waits, [])
    await enqueueOne()
    assert.deepEqual(clock.waits, [])
    await claim()
    coordinator.close()
    assert.deepEqual(clock.waits, [])
  })
})

test('I3: a run that goes on for a year is nobody else’s: nothing is rescued by its age', async (t) => {
  const { claim, clock, coordinator, enqueueOne, pool, row } = await aCoordinator(t)
  const id = await enqueueOne()
  await claim()
  for (let day = 0; day < 365; day += 1) {
    clock.step(24 * HOUR)
    await clock.advance(1)
    coordinator.wake()
  }
  await clock.advance(HOUR)
  assert.equal(pool.started.length, 1)
  const { state, attempts, crashes } = await row(id)
  assert.deepEqual([state, attempts, crashes], ['running', 1, 0])
})

describe('a clock that is set', () => {
  const idle = 60_000

  test('forwards: what has become due starts at the next look', async (t) => {
    const { claim, enqueue, clock, pool } = await aCoordinator(t)
    await claim()
    const ids = await enqueue({ runAt: NOW + HOUR }, { runAt: NOW + HOUR / 2 })
    clock.step(HOUR)
    await clock.advance(IDLE)
    assert.deepEqual(new Set(pool.running), new Set(ids))
  })

  test('backwards: what was waiting starts at the moment that the clock then shows', async (t) => {
    const { claim, enqueueOne, clock, pool } = await aCoordinator(t, { idle })
    await claim()
    const id = await enqueueOne({ runAt: NOW + 1_000 })
    clock.step(-HOUR)
    await clock.advance(HOUR + 999)
    assert.deepEqual(pool.running, [])
    await clock.advance(1)
    assert.deepEqual(pool.running, [id])
  })

  test('backwards: what is submitted then starts at once', async (t) => {
    const { claim, enqueueOne, clock, pool } = await aCoordinator(t, { idle })
    await claim()
    clock.step(-HOUR)
    const id = await enqueueOne()
    assert.deepEqual(pool.running, [id])
  })

  for (const [way, by] of [
    ['forwards', HOUR],
    ['backwards', -HOUR],
  ] as const) {
    test(`${way} during a run: it is retried by the time that the clock shows`, async (t) => {
      const { claim, enqueueOne, clock, pool, row } = await aCoordinator(t, { idle })
      await claim()
      const id = await enqueueOne()
      clock.step(by)
      pool.finish(id, failed())
      await clock.settle()
      assert.equal((await row(id)).runAt, NOW + by + 2_000)
      await clock.advance(2_000)
      assert.deepEqual(pool.running, [id])
    })
  }

  test('backwards during a run: no negative time is told', async (t) => {
    const { claim, enqueueOne, clock, pool, of } = await aCoordinator(t, { idle })
    await claim()
    const id = await enqueueOne()
    clock.step(-HOUR)
    pool.finish(id)
    await clock.settle()
    const [event] = of('completed')
    assert.ok(event && event.durationMs >= 0, `the run took ${event?.durationMs} ms`)
  })
})
