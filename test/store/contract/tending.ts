import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { MOST_PRUNED } from '../../../src/store/rules/pruning.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  aDelivery,
  aJob,
  anError,
  buries,
  bury,
  claim,
  claimOne,
  completes,
  enqueue,
  NOW,
  refusal,
  requeues,
  settle,
  turn,
} from '../../support/jobs.ts'
import type { Open } from '../contract.ts'
import { discard, prune, retry } from '../../support/commands.ts'

const LATER = NOW + 60_000
const MANY = 1_200

/** How often the event loop was served until the work was done. */
async function servedDuring(work: () => Promise<number>) {
  let served = 0
  let next = setImmediate(function serve() {
    served += 1
    next = setImmediate(serve)
  })
  const result = await work()
  clearImmediate(next)
  return { result, served }
}

async function dieMany(store: Store, now: number, kind: string): Promise<void> {
  await enqueue(store, ...Array.from({ length: MANY }, () => aJob({ kind })))
  const jobs = await claim(store, MANY, now)
  await turn(store, { now, settles: jobs.map((job) => buries(job)) })
}

async function deliver(store: Store, ats: number[]): Promise<void> {
  await enqueue(store, aJob())
  const deliveries = ats.map((at) => aDelivery({ at }))
  await settle(store, completes(await claimOne(store), { deliveries }))
}

export function tending(open: Open): void {
  describe('retry', () => {
    test('queues a dead job with fresh attempts, and keeps its errors', async (t) => {
      const { store } = await open(t)
      await enqueue(store, aJob({ dedupeKey: 'k', payload: 7 }))
      await settle(store, requeues(await claimOne(store), { charge: 'crash' }))
      await settle(store, requeues(await claimOne(store)))
      const job = await claimOne(store)
      await settle(store, buries(job, { error: anError({ message: 'last' }) }))
      const dead = await store.get(job.id)
      assert.deepEqual([dead?.state, dead?.attempts, dead?.crashes], ['dead', 2, 1])
      assert.equal(await retry(store, job.id, LATER), true)
      assert.deepEqual(await store.get(job.id), {
        ...dead,
        state: 'queued',
        attempts: 0,
        crashes: 0,
        runAt: LATER,
        diedAt: null,
      })
      assert.deepEqual(await store.counts(), { reindex: { queued: 1, running: 0, dead: 0 } })
      const again = await claimOne(store, LATER)
      assert.deepEqual([again.id, again.attempt, again.payload], [job.id, 1, '7'])
    })

    test('refuses a job whose key a newer job holds, and leaves the job dead', async (t) => {
      const { store } = await open(t)
      const id = await bury(store, aJob({ dedupeKey: 'k' }))
      const newer = await store.enqueue(aJob({ dedupeKey: 'k' }), NOW)
      const dead = await store.get(id)
      const refused = refusal('HELVE_ERR_DEDUPE_KEY', 'dedupeKey', '"k"', `job ${newer.id}`)
      await assert.rejects(retry(store, id, LATER), refused)
      assert.deepEqual(await store.get(id), dead)
      assert.deepEqual(await store.counts(), { reindex: { queued: 1, running: 0, dead: 1 } })
      await settle(store, completes(await claimOne(store)))
      assert.equal(await retry(store, id, LATER), true)
    })

    test('is false for a job that is not dead', async (t) => {
      const { store } = await open(t)
      const [queued] = await enqueue(store, aJob({ runAt: LATER }))
      await enqueue(store, aJob())
      const running = await claimOne(store)
      for (const id of [queued!.id, running.id, 99]) {
        const before = await store.get(id)
        assert.equal(await retry(store, id, NOW), false)
        assert.deepEqual(await store.get(id), before)
      }
    })
  })

  describe('discard', () => {
    test('deletes a dead job', async (t) => {
      const { store } = await open(t)
      const id = await bury(store, aJob())
      assert.equal(await discard(store, id), true)
      assert.equal(await store.get(id), undefined)
      assert.deepEqual(await store.counts(), {})
      assert.equal(await discard(store, id), false)
    })

    test('is false for a job that is not dead, and leaves it', async (t) => {
      const { store } = await open(t)
      const [queued] = await enqueue(store, aJob({ runAt: LATER }))
      await enqueue(store, aJob())
      const running = await claimOne(store)
      for (const id of [queued!.id, running.id, 99]) {
        assert.equal(await discard(store, id), false)
      }
      assert.deepEqual(await store.counts(), { reindex: { queued: 1, running: 1, dead: 0 } })
    })
  })

  describe('prune', () => {
    test('deletes jobs that died before the given moment, and nothing else', async (t) => {
      const { store } = await open(t)
      const old = await bury(store, aJob({ kind: 'a' }), NOW)
      const young = await bury(store, aJob({ kind: 'b', priority: 3 }), NOW + 1)
      const [queued] = await enqueue(store, aJob({ kind: 'c' }))
      assert.equal(await prune(store, NOW), 0)
      assert.equal(await prune(store, NOW + 1), 1)
      assert.equal(await store.get(old), undefined)
      assert.equal((await store.get(young))?.state, 'dead')
      assert.equal((await store.get(queued!.id))?.state, 'queued')
      assert.deepEqual(await store.counts(), {
        b: { queued: 0, running: 0, dead: 1 },
        c: { queued: 1, running: 0, dead: 0 },
      })
    })

    test('I9: deletes the oldest jobs, as many as one turn may delete', async (t) => {
      const { store } = await open(t)
      const oldest = await bury(store, aJob({ kind: 'oldest' }), NOW)
      await dieMany(store, NOW + 1, 'old')
      assert.equal(await prune(store, LATER), MOST_PRUNED)
      assert.equal(await store.get(oldest), undefined)
      const left = { queued: 0, running: 0, dead: MANY + 1 - MOST_PRUNED }
      assert.deepEqual(await store.counts(), { old: left })
    })

    test('I9: deletes few jobs with large payloads at a time, and at least one job', async (t) => {
      const { store } = await open(t)
      for (const bytes of [400_000, 400_000, 400_000, 2_000_000]) {
        await bury(store, aJob({ payload: JSON.stringify('x'.repeat(bytes)) }), NOW)
      }
      assert.deepEqual(
        [await prune(store, LATER), await prune(store, LATER), await prune(store, LATER)],
        [2, 1, 1],
      )
      assert.equal(await prune(store, LATER), 0)
    })
  })

  describe('pruneDeliveries', () => {
    test('deletes attempts that started before the given moment, and nothing else', async (t) => {
      const { store } = await open(t)
      await deliver(store, [NOW, NOW + 2, NOW + 1])
      assert.equal(await store.pruneDeliveries(NOW), 0)
      assert.equal(await store.pruneDeliveries(NOW + 2), 2)
      assert.equal(await store.pruneDeliveries(LATER), 1)
      assert.equal(await store.pruneDeliveries(LATER), 0)
    })

    test(`I9: deletes ${MANY} records in batches, serving the event loop in between`, async (t) => {
      const { store } = await open(t)
      await deliver(
        store,
        Array.from({ length: MANY }, (_, index) => NOW - index),
      )
      await deliver(store, [LATER])
      const { result, served } = await servedDuring(() => store.pruneDeliveries(LATER))
      assert.equal(result, MANY)
      assert.ok(served >= 2, `the event loop was served ${served} times`)
      assert.equal(await store.pruneDeliveries(LATER + 1), 1)
    })
  })
}
