import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { test } from '../support/each-store.ts'
import { failed } from '../support/fake-pool.ts'
import { NOW, refusal } from '../support/jobs.ts'
import { aCoordinator } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

describe('once is true', () => {
  test('for one job, the first of all, when its settle is on disk', async (t) => {
    const { enqueue, coordinator, clock, pool, turns } = await aCoordinator(t)
    const [, first] = await enqueue({}, { priority: -1 }, {})
    const once = new Fate(coordinator.once())
    await clock.settle()
    assert.deepEqual([once.is, pool.running], ['pending', [first]])

    const end = turns.holdAfter()
    pool.finish(first!)
    await clock.settle()
    assert.equal(once.is, 'pending')
    end()
    await clock.advance(60_000)
    assert.deepEqual([once.value, pool.started.length], [true, 1])
  })

  for (const [what, outcome, state] of [
    ['fails', failed(), 'queued'],
    ['dies', failed({ permanent: true }), 'dead'],
    ['is lost', { type: 'lost', reason: 'exit' }, 'queued'],
  ] as const) {
    test(`for a job that ${what}`, async (t) => {
      const { enqueueOne, coordinator, clock, pool, row } = await aCoordinator(t)
      const id = await enqueueOne()
      const once = new Fate(coordinator.once())
      await clock.settle()
      pool.finish(id, outcome)
      await clock.advance(60_000)
      assert.deepEqual([once.value, (await row(id)).state], [true, state])
      assert.equal(pool.started.length, 1, 'the retry is not its')
    })
  }

  test('for a kind that nobody handles', async (t) => {
    const { enqueueOne, coordinator, clock, row } = await aCoordinator(t, { kinds: { g: null } })
    const id = await enqueueOne({ kind: 'g' })
    const once = new Fate(coordinator.once())
    await clock.settle()
    assert.deepEqual([once.value, (await row(id)).state], [true, 'dead'])
  })

  test('for the job of a lane that has room, although an earlier one has to wait', async (t) => {
    const { enqueue, coordinator, clock, pools } = await aCoordinator(t, {
      lanes: { full: 0, free: 1 },
      kinds: { a: 'full', b: 'free' },
    })
    const [, second] = await enqueue({ kind: 'a', priority: -1 }, { kind: 'b' })
    const once = new Fate(coordinator.once())
    await clock.settle()
    pools.get('free')!.finish(second!)
    await clock.settle()
    assert.equal(once.value, true)
  })

  test('for a job that waits until a thread of its lane is up', async (t) => {
    const { enqueueOne, coordinator, clock, pool } = await aCoordinator(t)
    pool.isStarting = true
    const id = await enqueueOne()
    const once = new Fate(coordinator.once())
    await clock.settle()
    assert.equal(once.is, 'pending')
    pool.isStarting = false
    coordinator.wake()
    await clock.settle()
    pool.finish(id)
    await clock.settle()
    assert.equal(once.value, true)
  })

  test('for a job that is submitted at the same time', async (t) => {
    const { submit, coordinator, clock, pool } = await aCoordinator(t)
    const once = new Fate(coordinator.once())
    const { id } = await Promise.all([submit(), clock.settle()]).then(([result]) => result)
    pool.finish(id)
    await clock.settle()
    assert.equal(once.value, true)
  })
})

describe('once is false', () => {
  test('when nothing is queued', async (t) => {
    const { coordinator, clock } = await aCoordinator(t)
    const once = new Fate(coordinator.once())
    await clock.settle()
    assert.equal(once.value, false)
  })

  test('when nothing is due yet', async (t) => {
    const { enqueueOne, coordinator, clock, pool } = await aCoordinator(t)
    await enqueueOne({ runAt: NOW + 1 })
    const early = new Fate(coordinator.once())
    await clock.settle()
    assert.deepEqual([early.value, pool.started], [false, []])
    await clock.advance(1)
    assert.deepEqual(pool.started, [], 'it waits for nothing')
    const due = new Fate(coordinator.once())
    await clock.settle()
    assert.deepEqual([due.is, pool.started.length], ['pending', 1])
  })

  test('when the lanes are full', async (t) => {
    const { enqueueOne, coordinator, clock, row } = await aCoordinator(t, { lanes: { default: 0 } })
    const id = await enqueueOne()
    const once = new Fate(coordinator.once())
    await clock.settle()
    assert.deepEqual([once.value, (await row(id)).state], [false, 'queued'])
  })

  test('when no thread of the lane can be started', async (t) => {
    const { enqueueOne, coordinator, clock, pool } = await aCoordinator(t)
    pool.isStarting = true
    await enqueueOne()
    const once = new Fate(coordinator.once())
    await clock.settle()
    Object.assign(pool, { isStarting: false, problem: 'its setup fails' })
    coordinator.wake()
    await clock.settle()
    assert.equal(once.value, false)
  })

  test('when the coordinator is closed before its turn', async (t) => {
    const { enqueueOne, coordinator, clock, row } = await aCoordinator(t)
    const id = await enqueueOne()
    const once = new Fate(coordinator.once())
    coordinator.close()
    await clock.settle()
    assert.deepEqual([once.value, (await row(id)).state], [false, 'queued'])
    await assert.rejects(coordinator.once(), refusal('HELVE_ERR_CLOSED', 'runtime'))
  })
})

describe('several calls of once', () => {
  test('have a job each, and do not wait for each other', async (t) => {
    const { enqueue, coordinator, clock, pool } = await aCoordinator(t)
    const [first, second] = await enqueue({}, {})
    const onces = [1, 2, 3].map(() => new Fate(coordinator.once()))
    await clock.settle()
    assert.deepEqual(pool.running, [first, second])
    pool.finish(second!)
    await clock.settle()
    assert.deepEqual(
      onces.map(({ value }) => value),
      [undefined, true, false],
    )
    pool.finish(first!)
    await clock.settle()
    assert.equal(onces[0]!.value, true)
  })

  test('beside `claim` let no job wait for the idle poll', async (t) => {
    const { enqueue, claim, coordinator, clock, pool } = await aCoordinator(t)
    await claim()
    const once = new Fate(coordinator.once())
    const ids = await enqueue({}, {}, {})
    assert.deepEqual(pool.running, ids)
    for (const id of ids) pool.finish(id)
    await clock.settle()
    assert.equal(once.value, true)
  })
})
