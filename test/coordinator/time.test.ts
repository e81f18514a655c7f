import assert from 'node:assert/strict'
import { describe, type TestContext } from 'node:test'
import { reopen, test } from '../support/each-store.ts'
import { failed } from '../support/fake-pool.ts'
import { NEVER } from '../../src/job/limits.ts'
import { prune } from '../support/commands.ts'
import { aJob, NOW } from '../support/jobs.ts'
import { aCoordinator, IDLE, type Rig } from '../support/coordinator/rig.ts'

const HOUR = 3_600_000

/** Enqueues by another connection, without a word to the coordinator. */
async function enqueueElsewhere(t: TestContext, { store, clock }: Rig, runAt = clock.now()) {
  const other = await reopen(t, store, clock)
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

  test('starts at its moment, although it was queued before anybody claimed', async (t) => {
    const { claim, enqueueOne, clock, pool } = await aCoordinator(t, { idle: 10 * HOUR })
    const id = await enqueueOne({ runAt: NOW + 1_500 })
    await clock.advance(500)
    await claim()
    await clock.advance(999)
    assert.deepEqual(pool.running, [])
    await clock.advance(1)
    assert.deepEqual(pool.running, [id])
  })

  test('starts when its lane has room, if the lane was full at its moment', async (t) => {
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
  test('finds a job that another connection has enqueued', async (t) => {
    const rig = await aCoordinator(t)
    await rig.claim()
    const id = await enqueueElsewhere(t, rig)
    await rig.clock.advance(IDLE - 1)
    assert.deepEqual(rig.pool.running, [])
    await rig.clock.advance(1)
    assert.deepEqual(rig.pool.running, [id])
  })

  test('goes on, however often it finds nothing', async (t) => {
    const rig = await aCoordinator(t)
    await rig.claim()
    await rig.clock.advance(10 * IDLE)
    assert.equal(rig.turns.turns.length, 11)
    const id = await enqueueElsewhere(t, rig)
    await rig.clock.advance(IDLE)
    assert.deepEqual(rig.pool.running, [id])
  })

  test('finds such a job while the coordinator waits for a later one', async (t) => {
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
  test('finds a job of another connection before the idle poll would', async (t) => {
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

  test('does nothing in a coordinator that does not claim', async (t) => {
    const { coordinator, clock, turns } = await aCoordinator(t)
    coordinator.wake()
    await clock.settle()
    assert.deepEqual(turns.turns, [])
  })
})

describe('the timer', () => {
  test('is never more than one', async (t) => {
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

  test('is not set while nothing is claimed', async (t) => {
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

test('I3: a run that goes on for a year is left alone: its age starts no second run', async (t) => {
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

describe('a wall clock that is set', () => {
  const idle = 60_000
  const steps = [
    ['forwards', 366 * 24 * HOUR],
    ['back', -HOUR],
  ] as const

  for (const [way, by] of steps) {
    test(`${way}: a job that was due stays due`, async (t) => {
      const { claim, enqueue, clock, pool } = await aCoordinator(t, { idle })
      const ids = await enqueue({}, {})
      clock.step(by)
      await claim()
      assert.deepEqual(pool.running, ids)
    })

    test(`${way}: a delay is waited out once`, async (t) => {
      const { claim, enqueueOne, clock, pool } = await aCoordinator(t, { idle })
      await claim()
      const id = await enqueueOne({ runAt: clock.now() + 1_000 })
      clock.step(by)
      await clock.advance(999)
      assert.deepEqual(pool.running, [])
      await clock.advance(1)
      assert.deepEqual(pool.running, [id])
    })

    test(`${way}: a job that is submitted afterwards starts at once`, async (t) => {
      const { claim, enqueueOne, clock, pool } = await aCoordinator(t, { idle })
      await claim()
      clock.step(by)
      const id = await enqueueOne()
      assert.deepEqual(pool.running, [id])
    })

    test(`${way} during a run: the retry waits its delay, and people see wall time`, async (t) => {
      const { claim, enqueueOne, clock, pool, row } = await aCoordinator(t, { idle })
      await claim()
      const id = await enqueueOne()
      clock.step(by)
      pool.finish(id, failed())
      await clock.settle()
      assert.equal((await row(id)).runAt, clock.wall() + 2_000)
      await clock.advance(2_000)
      assert.deepEqual(pool.running, [id])
    })

    test(`${way}: a job snoozes up to its maxAge, whatever the clock shows`, async (t) => {
      const policies = { reindex: { maxAge: 10_000 } }
      const { claim, enqueueOne, clock, pool, row } = await aCoordinator(t, { idle, policies })
      await claim()
      const id = await enqueueOne()
      clock.step(by)
      const snooze = async (): Promise<void> => {
        pool.finish(id, { type: 'snoozed', delay: 6_000, followUps: [], deliveries: [] })
        await clock.advance(6_000)
      }
      await snooze()
      assert.equal((await row(id)).state, 'running')
      await snooze()
      assert.equal((await row(id)).state, 'dead')
    })

    test(`${way}: a rate holds`, async (t) => {
      const policies = { reindex: { rate: { limit: 1, per: 1_000 } } }
      const { claim, enqueue, clock, pool } = await aCoordinator(t, { idle, policies })
      await claim()
      const ids = await enqueue({}, {})
      clock.step(by)
      await clock.advance(999)
      assert.deepEqual(pool.running, ids.slice(0, 1))
      await clock.advance(1)
      assert.deepEqual(pool.running, ids)
    })

    test(`${way}, and a new process: a due job is due, and a delay is waited out`, async (t) => {
      const { clock, store, enqueueOne, coordinator } = await aCoordinator(t, { idle })
      const due = await enqueueOne()
      const later = await enqueueOne({ runAt: clock.now() + 1_000 })
      coordinator.close()
      await store.close()
      clock.step(by)
      const next = await reopen(t, store, clock)
      const { claim, pool } = await aCoordinator(t, { store: next, clock, idle })
      await claim()
      assert.deepEqual(pool.running, [due])
      await clock.advance(1_000)
      assert.deepEqual(pool.running, [due, later])
    })
  }

  describe('and a job whose runAt is a moment of the wall clock', () => {
    const at = NOW + HOUR
    const moment = { runAt: NEVER, wallAt: at }

    test('starts at its runAt, and not before', async (t) => {
      const { claim, enqueueOne, clock, pool, row } = await aCoordinator(t, { idle })
      await claim()
      const id = await enqueueOne(moment)
      assert.equal((await row(id)).runAt, at)
      await clock.advance(HOUR - 1)
      assert.deepEqual(pool.running, [])
      await clock.advance(1)
      assert.deepEqual(pool.running, [id])
    })

    test('starts at the next idle poll once the clock is set beyond its runAt', async (t) => {
      const { claim, enqueueOne, clock, pool } = await aCoordinator(t)
      await claim()
      const id = await enqueueOne(moment)
      clock.step(2 * HOUR)
      await clock.advance(IDLE)
      assert.deepEqual(pool.running, [id])
    })

    test('waits for longer if the clock is set back', async (t) => {
      const { claim, enqueueOne, clock, pool } = await aCoordinator(t)
      await claim()
      const id = await enqueueOne(moment)
      clock.step(-HOUR)
      await clock.advance(2 * HOUR - IDLE)
      assert.deepEqual(pool.running, [])
      await clock.advance(IDLE)
      assert.deepEqual(pool.running, [id])
    })

    test('stays due if the clock is set back afterwards', async (t) => {
      const { claim, enqueueOne, clock, pool, coordinator, turns } = await aCoordinator(t, {
        lanes: { default: 1 },
      })
      await claim()
      const first = await enqueueOne()
      const id = await enqueueOne(moment)
      await clock.advance(HOUR)
      clock.step(-HOUR)
      coordinator.wake()
      await clock.settle()
      pool.finish(first)
      await clock.settle()
      assert.deepEqual(pool.running, [id])
      assert.ok(turns.turns.length > 0)
    })

    test('is due at its runAt, or sooner by the delay of a submission that folds in', async (t) => {
      const { claim, enqueue, clock, pool } = await aCoordinator(t)
      const [id] = await enqueue({ ...moment, dedupeKey: 'k' })
      await enqueue({ dedupeKey: 'k', runAt: clock.now() + 500 })
      await claim()
      await clock.advance(499)
      assert.deepEqual(pool.running, [])
      await clock.advance(1)
      assert.deepEqual(pool.running, [id])
    })
  })

  test('does not make retention delete a dead job early', async (t) => {
    const { claim, enqueueOne, clock, pool, store } = await aCoordinator(t)
    await claim()
    const id = await enqueueOne()
    pool.finish(id, failed({ permanent: true }))
    await clock.settle()
    clock.step(366 * 24 * HOUR)
    await clock.advance(IDLE)
    const pruneHourOld = () => prune(store, store.clock.timeOf(clock.wall() - HOUR), clock.now())
    assert.equal(await pruneHourOld(), 0)
    await clock.advance(HOUR)
    assert.equal(await pruneHourOld(), 1)
  })
})
