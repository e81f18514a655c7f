import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { MOST_ROWS } from '../../src/coordinator/turn-size.ts'
import { HelveError } from '../../src/job/errors.ts'
import { test } from '../support/each-store.ts'
import { failed } from '../support/fake-pool.ts'
import { refusal } from '../support/jobs.ts'
import { aCoordinator, times } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

const BUSY_TIMEOUT = 10_000
/** Most milliseconds between two tries of a turn. */
const TRY = 1_000

const busy = () => new HelveError('HELVE_ERR_STORE_BUSY', 'file: another connection holds its lock')
const fine = () => undefined

describe('while another process holds the write lock', () => {
  test('a submission waits, and is written once the lock is free', async (t) => {
    const { submit, turns, clock, store, of } = await aCoordinator(t)
    turns.fails = busy
    const fates = [new Fate(submit({ kind: 'a' })), new Fate(submit({ kind: 'b' }))]
    await clock.advance(5_000)
    assert.deepEqual(
      fates.map(({ is }) => is),
      ['pending', 'pending'],
    )
    assert.deepEqual([await store.counts(), of('enqueued')], [{}, []])
    turns.fails = fine
    await clock.advance(TRY)
    assert.deepEqual(
      fates.map(({ value }) => value?.id),
      [1, 2],
    )
    assert.equal(of('enqueued').length, 2)
  })

  test(`a submission is refused after ${BUSY_TIMEOUT} ms, and a later one waits on`, async (t) => {
    const { submit, turns, clock, store } = await aCoordinator(t)
    turns.fails = busy
    const first = new Fate(submit({ kind: 'a' }))
    await clock.advance(BUSY_TIMEOUT - TRY)
    const second = new Fate(submit({ kind: 'b' }))
    await clock.advance(TRY)
    assert.equal(first.is, 'pending')
    await clock.advance(TRY)
    assert.equal(first.is, 'rejected')
    refusal('HELVE_ERR_STORE_BUSY', 'file')(first.error)
    assert.equal(second.is, 'pending')
    turns.fails = fine
    await clock.advance(TRY)
    assert.deepEqual([second.is, Object.keys(await store.counts())], ['resolved', ['b']])
  })

  test('the upkeep of the queue waits however long, whatever error the turns give', async (t) => {
    const { coordinator, turns, clock, store } = await aCoordinator(t)
    const full = new HelveError('HELVE_ERR_STORE_FULL', 'file: the disk is full')
    for (const error of [busy(), full]) {
      turns.fails = () => error
      const regrouped = new Fate(coordinator.command({ type: 'regroup', kind: 'a' }))
      await clock.advance(2 * BUSY_TIMEOUT)
      assert.equal(regrouped.is, 'pending')
      turns.fails = fine
      await clock.advance(TRY)
      assert.equal(regrouped.is, 'resolved')
    }
    assert.deepEqual(await store.counts(), {})
  })

  test('an ending is kept, however long, and settled once', async (t) => {
    const { claim, enqueue, turns, clock, pool, row, store, of } = await aCoordinator(t)
    await claim()
    const [one, two] = await enqueue({}, {})
    turns.fails = busy
    pool.finish(one!)
    pool.finish(two!, failed({ permanent: true }))
    await clock.advance(600_000)
    assert.deepEqual([(await row(one!)).state, (await row(two!)).state], ['running', 'running'])
    assert.deepEqual([of('completed'), of('dead')], [[], []])
    turns.fails = fine
    await clock.advance(TRY)
    assert.equal(await store.get(one!), undefined)
    assert.equal((await row(two!)).state, 'dead')
    await clock.advance(60_000)
    assert.deepEqual([of('completed').length, of('dead').length], [1, 1])
  })

  test('nothing is claimed', async (t) => {
    const { claim, enqueue, submit, coordinator, turns, clock, pool, row, of } = await aCoordinator(
      t,
      { lanes: { default: 1 } },
    )
    await claim()
    const [one, two] = await enqueue({}, {})
    turns.fails = busy
    pool.finish(one!)
    const third = new Fate(submit())
    coordinator.wake()
    await clock.advance(5_000)
    assert.deepEqual([pool.started.length, of('started').length], [1, 1])
    assert.equal((await row(two!)).state, 'queued')
    turns.fails = fine
    await clock.advance(TRY)
    assert.deepEqual([pool.running, third.is], [[two], 'resolved'])
  })

  test('claims that could not be committed are made again, each once', async (t) => {
    const { claim, enqueue, turns, clock, pool, of } = await aCoordinator(t)
    const ids = await enqueue({}, {})
    turns.fails = busy
    await claim()
    await clock.advance(5_000)
    assert.deepEqual([pool.started, of('started')], [[], []])
    turns.fails = fine
    await clock.advance(TRY)
    assert.deepEqual([pool.running, pool.started.length], [ids, 2])
    assert.equal(pool.started[0]?.job.attempt, 1)
  })

  test('the next try comes after 10 ms; each further wait doubles, up to a second', async (t) => {
    const { claim, turns, clock } = await aCoordinator(t)
    turns.fails = busy
    await claim()
    await clock.advance(5_000)
    const at = turns.turns.map(({ now }) => now)
    assert.deepEqual(
      at.slice(1, 10).map((now, index) => now - at[index]!),
      [10, 20, 40, 80, 160, 320, 640, 1_000, 1_000],
    )
  })

  test('after a turn was written, the next try comes after 10 ms again', async (t) => {
    const { claim, enqueueOne, submit, turns, clock } = await aCoordinator(t)
    turns.fails = busy
    await claim()
    await clock.advance(5_000)
    turns.fails = fine
    await clock.advance(TRY)
    await enqueueOne()
    turns.fails = busy
    turns.turns.length = 0
    const fate = new Fate(submit())
    await clock.settle()
    turns.fails = fine
    await clock.advance(10)
    assert.deepEqual([fate.is, turns.turns.length], ['resolved', 2])
  })

  test('new mail does not make the tries more frequent', async (t) => {
    const { claim, enqueueOne, submit, coordinator, turns, clock, pool } = await aCoordinator(t)
    await claim()
    const id = await enqueueOne()
    turns.fails = busy
    coordinator.wake()
    await clock.advance(5_000)
    const before = turns.turns.length
    const fate = new Fate(submit())
    const once = new Fate(coordinator.once())
    pool.finish(id)
    coordinator.wake()
    coordinator.claim()
    await clock.settle()
    assert.equal(turns.turns.length, before)
    turns.fails = fine
    await clock.advance(TRY)
    assert.deepEqual([fate.is, once.is, pool.running], ['resolved', 'pending', [fate.value?.id]])
  })

  test('a runOnce waits, and then runs its job', async (t) => {
    const { enqueueOne, coordinator, turns, clock, pool } = await aCoordinator(t)
    const id = await enqueueOne()
    turns.fails = busy
    const once = new Fate(coordinator.once())
    await clock.advance(20_000)
    assert.equal(once.is, 'pending')
    turns.fails = fine
    await clock.advance(TRY)
    assert.deepEqual(pool.running, [id])
    pool.finish(id)
    await clock.settle()
    assert.equal(once.value, true)
  })

  test('mail that has waited goes first, in its order, and turns stay bounded', async (t) => {
    const { submit, turns, clock } = await aCoordinator(t)
    turns.fails = busy
    const fates = times(MOST_ROWS + 50, () => new Fate(submit()))
    await clock.settle()
    fates.push(new Fate(submit()))
    turns.fails = fine
    await clock.advance(TRY)
    assert.deepEqual(
      fates.map(({ value }) => value?.id),
      times(MOST_ROWS + 51, (index) => index + 1),
    )
    assert.deepEqual(
      turns.sizes.map(({ enqueues }) => enqueues),
      [MOST_ROWS, MOST_ROWS, 51],
    )
  })

  test('an error event tells of the lock, and that the turn is tried again', async (t) => {
    const { submit, turns, clock, of } = await aCoordinator(t)
    turns.fails = busy
    const fate = new Fate(submit())
    await clock.settle()
    const [event, ...others] = of('error')
    assert.deepEqual([fate.is, others], ['pending', []])
    refusal('HELVE_ERR_STORE_BUSY', 'file')(event?.error)
    assert.match(event!.during, /turn.*tried again/)
  })
})
