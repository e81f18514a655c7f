import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { MOST_ROWS } from '../../src/coordinator/turn-size.ts'
import { test } from '../support/each-store.ts'
import { failed } from '../support/fake-pool.ts'
import { refusal } from '../support/jobs.ts'
import { aCoordinator, times } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

const MOST_WAITING = 10_000

describe('others hear of a turn only after its commit', () => {
  test('I1: a submission is acknowledged when the store says that it is on disk', async (t) => {
    const { submit, turns, clock, store } = await aCoordinator(t)
    const begin = turns.holdBefore()
    const fate = new Fate(submit({ kind: 'a' }))
    await clock.settle()
    assert.deepEqual([fate.is, await store.counts()], ['pending', {}])

    const end = turns.holdAfter()
    begin()
    await clock.settle()
    assert.equal(fate.is, 'pending')
    assert.deepEqual(await store.counts(), { a: { queued: 1, running: 0, dead: 0 } })

    end()
    await clock.settle()
    assert.deepEqual(
      [fate.is, fate.value],
      ['resolved', { id: 1, deduped: false, state: 'queued' }],
    )
  })

  test('I1: an event tells of a submission when it is on disk', async (t) => {
    const { submit, turns, clock, of } = await aCoordinator(t)
    const end = turns.holdAfter()
    const fate = new Fate(submit())
    await clock.settle()
    assert.deepEqual(of('enqueued'), [])
    end()
    await clock.settle()
    assert.deepEqual([fate.is, of('enqueued').length], ['resolved', 1])
  })

  test('a job is handed to its lane when its claim is on disk', async (t) => {
    const { enqueueOne, coordinator, turns, clock, pool, row, of } = await aCoordinator(t)
    const id = await enqueueOne()
    const end = turns.holdAfter()
    coordinator.claim()
    await clock.settle()
    assert.equal((await row(id)).state, 'running')
    assert.deepEqual([pool.started, of('started')], [[], []])
    end()
    await clock.settle()
    assert.deepEqual([pool.running, of('started').length], [[id], 1])
  })

  test('an event tells of the end of a run when the settle is on disk', async (t) => {
    const { enqueueOne, claim, turns, clock, pool, store, of } = await aCoordinator(t)
    await claim()
    const id = await enqueueOne()
    const end = turns.holdAfter()
    pool.finish(id)
    await clock.settle()
    assert.equal(await store.get(id), undefined)
    assert.deepEqual(of('completed'), [])
    end()
    await clock.settle()
    assert.equal(of('completed').length, 1)
  })

  test('a refused submission leaves the others of its turn alone', async (t) => {
    const { submit, enqueueOne, clock, store, turns } = await aCoordinator(t)
    await enqueueOne({ kind: 'holder', dedupeKey: 'k' })
    const fates = [{ kind: 'a' }, { kind: 'b', dedupeKey: 'k' }, { kind: 'c' }].map(
      (job) => new Fate(submit(job)),
    )
    await clock.settle()
    assert.deepEqual(
      fates.map(({ is }) => is),
      ['resolved', 'rejected', 'resolved'],
    )
    refusal('HELVE_ERR_DEDUPE_KEY', 'dedupeKey', 'holder')(fates[1]!.error)
    assert.deepEqual(Object.keys(await store.counts()), ['a', 'c', 'holder'])
    assert.deepEqual(turns.sizes.at(-1), { settles: 0, enqueues: 3 })
  })
})

describe('group commit', () => {
  test('mail that arrives together makes one turn', async (t) => {
    const { enqueue, turns } = await aCoordinator(t)
    await enqueue({}, {}, {})
    assert.deepEqual(turns.sizes, [{ settles: 0, enqueues: 3 }])
    assert.equal(turns.turns.length, 1)
  })

  test('mail that arrives during a turn makes one next turn', async (t) => {
    const { submit, enqueue, claim, turns, clock, pool } = await aCoordinator(t)
    await claim()
    const [one, two] = await enqueue({}, {})
    const go = turns.holdBefore()
    const fates = [new Fate(submit())]
    await clock.settle()
    const underWay = turns.turns.length
    pool.finish(one!)
    for (const kind of ['b', 'c', 'd']) {
      fates.push(new Fate(submit({ kind })))
      await clock.settle()
    }
    pool.finish(two!)
    await clock.settle()
    assert.equal(turns.turns.length, underWay, 'a second turn beside the one that is under way')
    go()
    await clock.settle()
    assert.deepEqual(turns.sizes.slice(1), [
      { settles: 0, enqueues: 1 },
      { settles: 2, enqueues: 3 },
    ])
    assert.deepEqual(
      fates.map(({ value }) => value?.id),
      [3, 4, 5, 6],
    )
  })

  test('a turn settles, then enqueues, then claims', async (t) => {
    const { enqueueOne, submit, claim, turns, clock, pool } = await aCoordinator(t, {
      lanes: { default: 1 },
    })
    await claim()
    const first = await enqueueOne({ dedupeKey: 'k' })
    const before = turns.turns.length
    const second = new Fate(submit({ dedupeKey: 'k' }))
    pool.finish(first)
    await clock.settle()
    assert.equal(turns.turns.length, before + 1)
    assert.deepEqual(second.value, { id: first + 1, deduped: false, state: 'queued' })
    assert.deepEqual(pool.running, [first + 1])
  })

  test('without mail there is no further turn', async (t) => {
    const { claim, turns, clock } = await aCoordinator(t)
    await claim()
    assert.equal(turns.turns.length, 1)
    await clock.settle()
    assert.equal(turns.turns.length, 1)
  })
})

describe('I9: a turn is bounded', () => {
  const MANY = 2 * MOST_ROWS + 100

  test(`${MANY} submissions are three turns, with the event loop served in between`, async (t) => {
    const { submit, turns, clock } = await aCoordinator(t)
    const all = Promise.all(times(MANY, () => submit()))
    assert.equal(await clock.settle(), 3)
    assert.deepEqual(
      turns.sizes.map(({ enqueues }) => enqueues),
      [MOST_ROWS, MOST_ROWS, 100],
    )
    assert.deepEqual(
      (await all).map(({ id }) => id),
      times(MANY, (index) => index + 1),
    )
  })

  test(`${MANY} claims take at least three turns, and as many endings take five`, async (t) => {
    const { enqueue, claim, clock, pool, turns, store } = await aCoordinator(t, {
      lanes: { default: MANY },
    })
    const ids = await enqueue(...times(MANY, () => ({})))
    turns.results.length = 0
    await claim()
    const claims = turns.results.map(({ claimed }) => claimed.length)
    assert.deepEqual(claims, [MOST_ROWS, MOST_ROWS, 100])
    assert.deepEqual(pool.running, ids)

    for (const id of ids) pool.finish(id)
    assert.equal(await clock.settle(), 5)
    assert.deepEqual(
      turns.sizes.slice(-5).map(({ settles }) => settles),
      [...times(4, () => MOST_ROWS / 2), 100],
    )
    assert.deepEqual(await store.counts(), {})
  })
})

describe('I9: a turn is smaller if the turn before held the event loop too long', () => {
  const MANY = 2 * MOST_ROWS + 100

  test('in the store', async (t) => {
    const { submit, turns, clock, store } = await aCoordinator(t)
    turns.held = 2 * store.turnTarget
    void Promise.all(times(MANY, () => submit()))
    await clock.settle()
    const sizes = turns.sizes.map(({ enqueues }) => enqueues)
    assert.deepEqual(sizes.slice(0, 2), [MOST_ROWS, MOST_ROWS / 2])
  })

  test('in listeners to events', async (t) => {
    const { submit, turns, clock, events, store } = await aCoordinator(t)
    let told = 0
    events.on('enqueued', () => {
      told += 1
      if (told === MOST_ROWS) clock.hold(2 * store.turnTarget)
    })
    void Promise.all(times(MANY, () => submit()))
    await clock.settle()
    const sizes = turns.sizes.map(({ enqueues }) => enqueues)
    assert.deepEqual(sizes.slice(0, 2), [MOST_ROWS, MOST_ROWS / 2])
  })

  test("in the host's own functions, which run before the turn", async (t) => {
    const backoff = (): number => {
      clock.hold(2 * store.turnTarget)
      return 1_000
    }
    const policies = { reindex: { backoff } }
    const rig = await aCoordinator(t, { policies })
    const { claim, enqueueOne, pool, submit, turns, clock, store } = rig
    await claim()
    pool.finish(await enqueueOne(), failed())
    await clock.settle()
    void Promise.all(times(MANY, () => submit({ kind: 'b' })))
    await clock.settle()
    assert.equal(turns.sizes.at(2)?.enqueues, MOST_ROWS / 2)
  })
})

describe('backpressure', () => {
  test(`while ${MOST_WAITING} submissions wait, the next one is refused, not kept`, async (t) => {
    const { submit, clock, store, of } = await aCoordinator(t)
    const accepted = times(MOST_WAITING, () => submit({ kind: 'a' }))
    const refused = refusal('HELVE_ERR_BACKPRESSURE', 'enqueue', String(MOST_WAITING))
    await assert.rejects(submit({ kind: 'b' }), refused)
    await clock.settle()
    assert.equal((await Promise.all(accepted)).length, MOST_WAITING)
    assert.deepEqual(await store.counts(), { a: { queued: MOST_WAITING, running: 0, dead: 0 } })
    assert.equal(of('enqueued').length, MOST_WAITING)
    const later = new Fate(submit({ kind: 'b' }))
    await clock.settle()
    assert.equal(later.is, 'resolved')
  })
})
