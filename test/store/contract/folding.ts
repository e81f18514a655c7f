import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MAX_CRASHES } from '../../../src/job/limits.ts'
import {
  aJob,
  anError,
  buries,
  claim,
  claimOne,
  claimsOn,
  completes,
  enqueue,
  NOW,
  requeues,
  settle,
} from '../../support/jobs.ts'
import type { Open, QueueStore } from '../contract.ts'

const LATER = NOW + 60_000

const keyed = (payload: unknown, runAt = NOW) => aJob({ dedupeKey: 'k', payload, runAt })

/** A running job in attempt 2, which has crashed once. Two submissions fold into it as it runs. */
async function runningWithFolds(store: QueueStore) {
  const [first] = await enqueue(store, keyed('oldest'))
  await settle(store, requeues(await claimOne(store), { charge: 'crash' }))
  await settle(store, requeues(await claimOne(store)))
  const running = await claimOne(store)
  assert.equal(running.attempt, 2)
  const folds = await enqueue(store, keyed('newer'), keyed('newest'))
  const folded = { id: first!.id, deduped: true, state: 'running' }
  assert.deepEqual(folds, [folded, folded])
  return running
}

export function folding(open: Open): void {
  describe('a submission whose dedupe key is held', () => {
    test('folds into a queued job, which gets the newest payload and counts the fold', async (t) => {
      const { store } = await open(t)
      const [first] = await enqueue(store, keyed('oldest'))
      const folds = await enqueue(store, keyed('newer'), keyed('newest'))
      const folded = { id: first!.id, deduped: true, state: 'queued' }
      assert.deepEqual(folds, [folded, folded])
      const job = await store.get(first!.id)
      assert.deepEqual([job?.payload, job?.folds], ['newest', 2])
      assert.deepEqual(await store.counts(), { reindex: { queued: 1, running: 0, dead: 0 } })
    })

    test('folds into a job of the same turn', async (t) => {
      const { store } = await open(t)
      const [first, second] = await enqueue(store, keyed(1), keyed(2))
      assert.deepEqual([first!.deduped, second!.deduped], [false, true])
      assert.equal(second!.id, first!.id)
      assert.equal((await claim(store)).length, 1)
    })

    test('brings a queued job of another priority into the claims of the same turn', async (t) => {
      const { store } = await open(t)
      await enqueue(store, keyed(1, LATER))
      const enqueues = [{ ...keyed(2), priority: 5 }]
      const { enqueued, claimed } = await claimsOn(store, {}, { enqueues })
      assert.deepEqual([enqueued.length, claimed.map(({ id }) => id)], [1, [1]])
    })

    test('gets a run of its own, even if it is due at the beginning of 1970 or before', async (t) => {
      const { store } = await open(t)
      for (const runAt of [0, -1]) {
        await enqueue(store, keyed('old'))
        const running = await claimOne(store)
        await enqueue(store, keyed('new', runAt))
        assert.equal((await settle(store, completes(running)))?.rerun, true)
        const again = await claimOne(store)
        assert.equal(again.payload, '"new"')
        await settle(store, completes(again))
      }
    })

    test('does not fold into a job with another key, or with none', async (t) => {
      const { store } = await open(t)
      const other = aJob({ dedupeKey: 'K' })
      const results = await enqueue(store, aJob(), aJob(), other, keyed(1))
      assert.deepEqual(
        results.map(({ deduped }) => deduped),
        [false, false, false, false],
      )
    })

    test('brings forward a job that has not run yet, and never puts the job off', async (t) => {
      const { store } = await open(t)
      const [first] = await enqueue(store, keyed(1, LATER))
      await enqueue(store, keyed(2, LATER + 1))
      assert.equal((await store.get(first!.id))?.runAt, LATER)
      await enqueue(store, keyed(3, LATER - 1))
      assert.equal((await store.get(first!.id))?.runAt, LATER - 1)
    })

    test('does not shorten the backoff of a retry', async (t) => {
      const { store } = await open(t)
      const [first] = await enqueue(store, keyed('old'))
      await settle(store, requeues(await claimOne(store), { runAt: LATER }))
      await enqueue(store, keyed('new'))
      await enqueue(store, keyed('newest'))
      const job = await store.get(first!.id)
      assert.deepEqual([job?.runAt, job?.payload], [LATER, 'newest'])
    })

    test('gives a job that waits for a retry fresh attempts, and keeps its errors', async (t) => {
      const { store } = await open(t)
      const [first] = await enqueue(store, keyed('old'))
      await settle(store, requeues(await claimOne(store), { runAt: LATER }))
      assert.equal((await store.get(first!.id))?.attempts, 1)
      await enqueue(store, keyed('new'))
      const job = await store.get(first!.id)
      assert.deepEqual([job?.attempts, job?.errors.length, job?.isBackingOff], [0, 1, true])
    })

    test('makes a running job run again when the submission is due', async (t) => {
      const { store } = await open(t)
      await enqueue(store, keyed('old'))
      const running = await claimOne(store)
      await enqueue(store, { ...keyed('late'), runAt: LATER }, { ...keyed('new'), runAt: NOW + 5 })
      assert.equal((await store.get(running.id))?.rerunAt, NOW + 5)
      await settle(store, requeues(running, { charge: 'nothing', runAt: LATER }))
      const job = await store.get(running.id)
      assert.deepEqual([job?.state, job?.runAt, job?.rerunAt], ['queued', NOW + 5, null])
    })

    test('I3: starts no second run beside a running job', async (t) => {
      const { store } = await open(t)
      await enqueue(store, keyed('old'))
      const running = await claimOne(store)
      await enqueue(store, keyed('new'))
      assert.deepEqual(await claim(store, 100, LATER), [])
      const job = await store.get(running.id)
      assert.deepEqual([job?.state, job?.payload], ['running', 'new'])
    })

    test('I4: starts a fresh run with the newest payload after a completed run', async (t) => {
      const { store } = await open(t)
      const running = await runningWithFolds(store)
      assert.deepEqual(await settle(store, completes(running), LATER), {
        state: 'queued',
        rerun: true,
        followUps: [],
      })
      const job = await store.get(running.id)
      assert.deepEqual(
        [job?.state, job?.attempts, job?.crashes, job?.runAt, job?.startedAt],
        ['queued', 0, 0, NOW, null],
      )
      const again = await claimOne(store, LATER)
      assert.deepEqual([again.id, again.payload, again.attempt], [running.id, '"newest"', 1])
      assert.deepEqual(await settle(store, completes(again)), {
        state: 'completed',
        rerun: false,
        followUps: [],
      })
      assert.equal(await store.get(running.id), undefined)
    })

    test('I4: starts a fresh run after a failed run, due at the time of the fold', async (t) => {
      const { store } = await open(t)
      const running = await runningWithFolds(store)
      const settled = await settle(store, requeues(running, { runAt: LATER }))
      assert.deepEqual(settled, { state: 'queued', rerun: true, followUps: [] })
      const job = await store.get(running.id)
      assert.deepEqual([job?.attempts, job?.crashes, job?.runAt], [0, 1, NOW])
      assert.equal(job?.errors.at(-1)?.attempt, 2)
      const again = await claimOne(store, LATER)
      assert.deepEqual([again.payload, again.attempt], ['"newest"', 1])
      assert.equal((await settle(store, completes(again)))?.state, 'completed')
    })

    test('I4: queues afresh a job that would otherwise be dead', async (t) => {
      const { store } = await open(t)
      const running = await runningWithFolds(store)
      const settled = await settle(store, buries(running, { error: anError({ code: 'E' }) }), LATER)
      assert.deepEqual(settled, { state: 'queued', rerun: true, followUps: [] })
      const job = await store.get(running.id)
      assert.deepEqual(
        [job?.state, job?.attempts, job?.runAt, job?.diedAt],
        ['queued', 0, NOW, null],
      )
      assert.deepEqual(job?.errors.at(-1), { ...anError({ code: 'E' }), at: LATER, attempt: 2 })
      const again = await claimOne(store, LATER)
      assert.deepEqual([again.payload, again.attempt], ['"newest"', 1])
      assert.equal((await settle(store, buries(again)))?.state, 'dead')
    })

    test('gives a job that has spent its crashes one more run, not three', async (t) => {
      const { store } = await open(t)
      const [first] = await enqueue(store, keyed('old'))
      for (let crash = 1; crash < MAX_CRASHES; crash++) {
        await settle(store, requeues(await claimOne(store), { charge: 'crash' }))
      }
      const last = await claimOne(store)
      await enqueue(store, keyed('new'))
      const settled = await settle(store, buries(last, { charge: 'crash' }))
      assert.deepEqual(settled, { state: 'queued', rerun: true, followUps: [] })
      const job = await store.get(first!.id)
      assert.deepEqual([job?.payload, job?.attempts, job?.crashes], ['new', 0, MAX_CRASHES - 1])
    })
  })
}
