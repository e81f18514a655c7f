import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { HelveError } from '../../src/job/errors.ts'
import { test } from '../support/each-store.ts'
import { completed } from '../support/fake-pool.ts'
import { NOW, refusal } from '../support/jobs.ts'
import { aCoordinator } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

const closed = refusal('HELVE_ERR_CLOSED', 'runtime')
const busy = () => new HelveError('HELVE_ERR_STORE_BUSY', 'locked')

describe('quiet', () => {
  test('resolves at once when nothing goes on, also with jobs that nobody claims', async (t) => {
    const { coordinator, enqueueOne, clock } = await aCoordinator(t)
    await enqueueOne()
    const quiet = new Fate(coordinator.quiet())
    await clock.settle()
    assert.equal(quiet.is, 'resolved')
  })

  test('resolves when the last run has been settled', async (t) => {
    const { coordinator, claim, enqueue, clock, pool, turns, store } = await aCoordinator(t)
    await claim()
    const [one, two] = await enqueue({}, {})
    coordinator.pause()
    const quiets = [new Fate(coordinator.quiet()), new Fate(coordinator.quiet())]
    pool.finish(one!)
    await clock.settle()
    assert.deepEqual(
      quiets.map(({ is }) => is),
      ['pending', 'pending'],
    )
    const end = turns.holdAfter()
    pool.finish(two!)
    await clock.settle()
    assert.equal(quiets[0]!.is, 'pending', 'the settling is not on disk')
    end()
    await clock.settle()
    assert.deepEqual(
      quiets.map(({ is }) => is),
      ['resolved', 'resolved'],
    )
    assert.deepEqual(await store.counts(), {})
  })

  test('waits for a submission, from the call to the commit', async (t) => {
    const { coordinator, submit, clock, turns } = await aCoordinator(t)
    const go = turns.holdBefore()
    const submission = new Fate(submit())
    const early = new Fate(coordinator.quiet())
    await clock.settle()
    const late = new Fate(coordinator.quiet())
    await clock.settle()
    assert.deepEqual([early.is, late.is], ['pending', 'pending'])
    go()
    await clock.settle()
    assert.deepEqual([submission.is, early.is, late.is], ['resolved', 'resolved', 'resolved'])
  })

  test('waits for claims that are under way', async (t) => {
    const { coordinator, enqueueOne, clock, turns, pool } = await aCoordinator(t)
    const id = await enqueueOne()
    const end = turns.holdAfter()
    coordinator.claim()
    await clock.settle()
    coordinator.pause()
    const quiet = new Fate(coordinator.quiet())
    end()
    await clock.settle()
    assert.equal(quiet.is, 'pending')
    pool.finish(id)
    await clock.settle()
    assert.equal(quiet.is, 'resolved')
  })

  test('waits for an ending that cannot be written yet', async (t) => {
    const { coordinator, claim, enqueueOne, clock, turns, pool } = await aCoordinator(t)
    await claim()
    const id = await enqueueOne()
    coordinator.pause()
    turns.fails = busy
    pool.finish(id)
    const quiet = new Fate(coordinator.quiet())
    await clock.advance(60_000)
    assert.equal(quiet.is, 'pending')
    turns.fails = () => undefined
    await clock.advance(1_000)
    assert.equal(quiet.is, 'resolved')
  })
})

describe('ended', () => {
  test('resolves when every run is settled', async (t) => {
    const { coordinator, claim, enqueueOne, clock, pool } = await aCoordinator(t)
    await claim()
    const id = await enqueueOne()
    coordinator.pause()
    const ended = new Fate(coordinator.ended())
    await clock.settle()
    assert.equal(ended.is, 'pending')
    pool.finish(id)
    await clock.settle()
    assert.equal(ended.is, 'resolved')
  })

  test('resolves when nothing runs and a further try to settle has failed', async (t) => {
    const { coordinator, claim, enqueue, clock, turns, pool, of } = await aCoordinator(t)
    await claim()
    const [one, two] = await enqueue({}, {})
    coordinator.pause()
    turns.fails = busy
    pool.finish(one!)
    await clock.advance(5_000)
    const ended = new Fate(coordinator.ended())
    await clock.advance(60_000)
    assert.equal(ended.is, 'pending', 'one still runs')
    pool.finish(two!)
    assert.equal(ended.is, 'pending')
    await clock.advance(1_000)
    assert.equal(ended.is, 'resolved')
    coordinator.close()
    const { error, during } = of('error').at(-1)!
    refusal('HELVE_ERR_STORE_BUSY')(error)
    assert.match(during, /stopping: the ends of 2 runs/)
  })
})

describe('close', () => {
  test('refuses submissions that wait, and writes none of them', async (t) => {
    const { coordinator, submit, clock, store, turns } = await aCoordinator(t)
    const fates = [new Fate(submit()), new Fate(submit())]
    coordinator.close()
    await clock.settle()
    for (const { is, error } of fates) {
      assert.equal(is, 'rejected')
      closed(error)
    }
    assert.deepEqual([await store.counts(), turns.turns], [{}, []])
  })

  test('refuses later calls', async (t) => {
    const { coordinator, submit, store } = await aCoordinator(t)
    coordinator.close()
    await assert.rejects(submit(), closed)
    await assert.rejects(coordinator.once(), closed)
    assert.throws(() => coordinator.claim(), closed)
    assert.deepEqual(await store.counts(), {})
  })

  test('ends the turns: timers, wakes and late endings start no further turn', async (t) => {
    const { coordinator, claim, enqueue, clock, turns, pool, row } = await aCoordinator(t)
    await claim()
    const [id] = await enqueue({}, { runAt: NOW + 100 })
    const before = turns.turns.length
    coordinator.close()
    coordinator.wake()
    pool.finish(id!)
    await clock.advance(60_000)
    assert.equal(turns.turns.length, before)
    assert.equal((await row(id!)).state, 'running', 'it is for the next owner to settle')
  })

  test('calls off the next try of a turn that failed', async (t) => {
    const { coordinator, submit, clock, turns } = await aCoordinator(t)
    turns.fails = busy
    const fate = new Fate(submit())
    await clock.settle()
    assert.equal(clock.waits.length, 1)
    coordinator.close()
    assert.deepEqual(clock.waits, [])
    await clock.advance(60_000)
    assert.deepEqual([fate.is, turns.turns.length], ['rejected', 1])
    closed(fate.error)
  })

  test('lets a turn that is under way finish', async (t) => {
    const { coordinator, submit, clock, turns, store } = await aCoordinator(t)
    const go = turns.holdBefore()
    const fate = new Fate(submit({ kind: 'a' }))
    await clock.settle()
    coordinator.close()
    go()
    await clock.settle()
    assert.equal(fate.is, 'resolved')
    assert.deepEqual(await store.counts(), { a: { queued: 1, running: 0, dead: 0 } })
  })

  for (const [failure, error] of [
    ['busy', busy()],
    ['broken', new Error('disk on fire')],
  ] as const) {
    test(`during a turn that finds the store ${failure}: nobody waits for ever`, async (t) => {
      const { coordinator, submit, clock, turns } = await aCoordinator(t)
      turns.fails = () => error
      const go = turns.holdBefore()
      const submission = new Fate(submit())
      const once = new Fate(coordinator.once())
      await clock.settle()
      coordinator.close()
      go()
      await clock.advance(60_000)
      assert.deepEqual([submission.is, once.value], ['rejected', false])
      assert.deepEqual(clock.waits, [])
    })
  }

  test('may be called twice', async (t) => {
    const { coordinator, clock } = await aCoordinator(t)
    coordinator.close()
    coordinator.close()
    coordinator.pause()
    coordinator.settled({ id: 1, token: 1 } as never, completed())
    await clock.settle()
    assert.throws(() => coordinator.claim(), closed)
  })
})
