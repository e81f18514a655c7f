import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { HelveError } from '../../src/job/errors.ts'
import type { Turn } from '../../src/store/turn.ts'
import { test } from '../support/each-store.ts'
import { completed, failed } from '../support/fake-pool.ts'
import { aDelivery, aJob, NOW, refusal } from '../support/jobs.ts'
import { aCoordinator } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

/** Most milliseconds between two tries of a turn. */
const TRY = 1_000

const full = () => new HelveError('HELVE_ERR_STORE_FULL', 'file: no space is left for it')
const broken = () => new Error('disk on fire')
const fine = () => undefined

const has = (kind: string) => (turn: Turn) => turn.enqueues.some((job) => job.kind === kind)

for (const [state, error, check] of [
  ['has no space left', full, refusal('HELVE_ERR_STORE_FULL', 'file')],
  ['fails', broken, (given: unknown) => assert.deepEqual(given, broken())],
] as const) {
  describe(`while the store ${state}`, () => {
    test('each submission is tried alone: those that fit are written, in order', async (t) => {
      const { submit, turns, clock, store, of } = await aCoordinator(t)
      turns.fails = (turn) => (has('big')(turn) ? error() : undefined)
      const kinds = ['a', 'big', 'b', 'big', 'c']
      const fates = kinds.map((kind) => new Fate(submit({ kind })))
      await clock.settle()
      assert.deepEqual(
        fates.map(({ is }) => is),
        ['resolved', 'rejected', 'resolved', 'rejected', 'resolved'],
      )
      for (const { is, error: given } of fates) if (is === 'rejected') check(given)
      assert.deepEqual(
        fates.map(({ value }) => value?.id),
        [1, undefined, 2, undefined, 3],
      )
      assert.deepEqual(Object.keys(await store.counts()), ['a', 'b', 'c'])
      assert.deepEqual(
        of('enqueued').map(({ kind }) => kind),
        ['a', 'b', 'c'],
      )
      await clock.advance(60_000)
      assert.equal(Object.keys(await store.counts()).length, 3, 'written once')
    })

    test('a submission that cannot be written is refused, and can be sent again', async (t) => {
      const { submit, turns, clock, store } = await aCoordinator(t)
      turns.fails = error
      const fate = new Fate(submit({ kind: 'a' }))
      await clock.settle()
      assert.deepEqual([fate.is, await store.counts()], ['rejected', {}])
      check(fate.error)
      turns.fails = fine
      await clock.advance(TRY)
      assert.deepEqual(await store.counts(), {})
      const again = new Fate(submit({ kind: 'a' }))
      await clock.settle()
      assert.equal(again.is, 'resolved')
    })

    test('an ending is kept until it can be written, and nothing is claimed', async (t) => {
      const { claim, enqueue, turns, clock, pool, row, store, of } = await aCoordinator(t, {
        lanes: { default: 2 },
      })
      await claim()
      const [one, two, three] = await enqueue({}, {}, {})
      turns.fails = error
      pool.finish(one!)
      pool.finish(two!, failed())
      await clock.advance(600_000)
      assert.deepEqual([pool.started.length, of('completed'), of('retrying')], [2, [], []])
      assert.deepEqual([(await row(one!)).state, (await row(two!)).state], ['running', 'running'])
      turns.fails = fine
      await clock.advance(TRY)
      assert.equal(await store.get(one!), undefined)
      assert.deepEqual([(await row(two!)).state, pool.running], ['queued', [three]])
      await clock.advance(2_000)
      assert.deepEqual([of('completed').length, of('retrying').length], [1, 1])
      assert.deepEqual(pool.running, [three, two])
    })

    test('submissions that fit are written although endings do not fit', async (t) => {
      const { claim, enqueueOne, submit, turns, clock, pool, of, store } = await aCoordinator(t)
      await claim()
      const id = await enqueueOne()
      turns.fails = ({ settles }) => (settles.length > 0 ? error() : undefined)
      pool.finish(id)
      const fate = new Fate(submit({ kind: 'a' }))
      await clock.settle()
      assert.deepEqual([fate.is, of('completed')], ['resolved', []])
      turns.fails = fine
      await clock.advance(TRY)
      assert.deepEqual([of('completed').length, pool.running], [1, [fate.value!.id]])
      assert.deepEqual(Object.keys(await store.counts()), ['a'])
    })

    test('I9: the event loop is served between submissions that are tried alone', async (t) => {
      const { submit, turns, clock } = await aCoordinator(t)
      turns.fails = ({ enqueues }) => (enqueues.length > 1 ? error() : undefined)
      const fates = ['a', 'b', 'c', 'd'].map((kind) => new Fate(submit({ kind })))
      assert.ok((await clock.settle()) >= 4)
      for (const { is } of fates) assert.equal(is, 'resolved')
    })

    test('a runOnce waits, and then runs its job', async (t) => {
      const { enqueueOne, coordinator, turns, clock, pool } = await aCoordinator(t)
      const id = await enqueueOne()
      turns.fails = error
      const once = new Fate(coordinator.once())
      await clock.advance(20_000)
      turns.fails = fine
      await clock.advance(TRY)
      pool.finish(id)
      await clock.settle()
      assert.equal(once.value, true)
    })

    test('I3: a submission folded while a claim cannot be written is in the run', async (t) => {
      const { claim, enqueueOne, submit, turns, clock, pool } = await aCoordinator(t)
      await enqueueOne({ dedupeKey: 'k', payload: 'old' })
      turns.fails = ({ enqueues }) => (enqueues.length === 0 ? error() : undefined)
      await claim()
      const fold = new Fate(submit({ dedupeKey: 'k', payload: 'new' }))
      await clock.advance(TRY)
      assert.deepEqual(fold.value, { id: 1, deduped: true, state: 'queued' })
      assert.deepEqual(
        pool.started.map(({ job }) => job.payload),
        ['"new"'],
      )
    })
  })
}

describe('I2: one ending that the store refuses', () => {
  const endings = {
    'a follow-up whose key another kind holds': () =>
      completed({ followUps: [aJob({ kind: 'b', dedupeKey: 'held' })] }),
    'a delivery record without a GUID': () =>
      completed({ deliveries: [{ ...aDelivery(), guid: undefined as unknown as string }] }),
    'a delivery record whose moment is a fraction': () =>
      failed({ deliveries: [aDelivery({ at: 0.5 })] }),
  }
  for (const [what, outcome] of Object.entries(endings)) {
    test(`does not hold up other endings, and its run ends: ${what}`, async (t) => {
      const { claim, enqueue, enqueueOne, submit, clock, pool, store } = await aCoordinator(t)
      await enqueueOne({ kind: 'a', dedupeKey: 'held', runAt: Number.MAX_SAFE_INTEGER })
      await claim()
      const [bad, good] = await enqueue({}, {})
      pool.finish(bad!, outcome())
      pool.finish(good!)
      await clock.advance(5_000)
      assert.equal(await store.get(good!), undefined, 'its neighbour is settled')
      const next = new Fate(submit())
      await clock.advance(5_000)
      assert.ok(pool.running.includes(next.value!.id), 'others are claimed')
      assert.notEqual((await store.get(bad!))?.startedAt, NOW, 'its run has ended')
    })
  }
})
