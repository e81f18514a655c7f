import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  admission,
  aJob,
  buries,
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
import type { Open, QueueStore } from '../contract.ts'
import { discard, retry } from '../../support/commands.ts'

export function enqueuing(open: Open): void {
  describe('enqueue', () => {
    test('I1: a job is there for every connection once its enqueue has resolved', async (t) => {
      const { store, reopen } = await open(t)
      const job = aJob({
        kind: 'touch_repo',
        payload: { repo_pk: 5, name: 'naïve 🚀 \0' },
        dedupeKey: 'touch:5',
        priority: -3,
        runAt: NOW + 500,
        maxAttempts: 7,
      })
      const { id, ...result } = await store.enqueue(job, NOW)
      assert.deepEqual(result, { deduped: false, state: 'queued' })
      const other = await reopen()
      assert.deepEqual(await other.get(id), {
        id,
        kind: 'touch_repo',
        payload: { repo_pk: 5, name: 'naïve 🚀 \0' },
        dedupeKey: 'touch:5',
        state: 'queued',
        priority: -3,
        attempts: 0,
        maxAttempts: 7,
        crashes: 0,
        folds: 0,
        runAt: NOW + 500,
        isBackingOff: false,
        rerunAt: null,
        createdAt: NOW,
        startedAt: null,
        diedAt: null,
        errors: [],
        group: null,
      })
    })

    test('every job of a turn gets an id of its own, in the order of the turn', async (t) => {
      const { store } = await open(t)
      const results = await enqueue(store, ...Array.from({ length: 20 }, () => aJob()))
      const ids = results.map(({ id }) => id)
      assert.equal(new Set(ids).size, 20)
      assert.deepEqual(
        ids,
        ids.toSorted((a, b) => a - b),
      )
    })

    test('an id is never used again', async (t) => {
      const { store } = await open(t)
      const first = await store.enqueue(aJob(), NOW)
      await settle(store, completes(await claimOne(store)))
      const second = await store.enqueue(aJob(), NOW)
      assert.ok(second.id > first.id)
    })

    test('get gives undefined for an id that no job has', async (t) => {
      const { store } = await open(t)
      assert.equal(await store.get(1), undefined)
    })

    test('I10: a key that another kind holds is refused, and the other jobs of the turn are written', async (t) => {
      const { store } = await open(t)
      const [holder] = await enqueue(store, aJob({ kind: 'first', dedupeKey: 'k' }))
      const { enqueued } = await turn(store, {
        enqueues: [
          aJob({ kind: 'before' }),
          aJob({ kind: 'second', dedupeKey: 'k', payload: 'theirs' }),
          aJob({ kind: 'after', dedupeKey: 'l' }),
        ],
      })
      const [before, refused, after] = enqueued
      refusal('HELVE_ERR_DEDUPE_KEY', 'dedupeKey', '"k"', `job ${holder?.id}`, 'first')(refused)
      assert.ok(before && 'id' in before && after && 'id' in after)
      assert.equal((await store.get(before.id))?.kind, 'before')
      assert.equal((await store.get(after.id))?.kind, 'after')
      const kept = await store.get(holder!.id)
      assert.deepEqual([kept?.payload, kept?.folds], [{}, 0])
      assert.deepEqual(Object.keys(await store.counts()).sort(), ['after', 'before', 'first'])
    })

    test('I10: enqueue rejects a key that another kind holds, and writes nothing', async (t) => {
      const { store } = await open(t)
      await store.enqueue(aJob({ kind: 'first', dedupeKey: 'k' }), NOW)
      await assert.rejects(
        store.enqueue(aJob({ kind: 'second', dedupeKey: 'k' }), NOW),
        refusal('HELVE_ERR_DEDUPE_KEY', 'second'),
      )
      assert.deepEqual(await store.counts(), { first: { queued: 1, running: 0, dead: 0 } })
    })

    const keyed = aJob({ dedupeKey: 'k' })

    const waysOut: Record<string, (store: QueueStore) => Promise<unknown>> = {
      completed: async (store) => settle(store, completes(await claimOne(store))),
      dead: async (store) => settle(store, buries(await claimOne(store))),
      discarded: async (store) => {
        const job = await claimOne(store)
        await settle(store, buries(job))
        return discard(store, job.id)
      },
    }
    for (const [way, leave] of Object.entries(waysOut)) {
      test(`I11: a ${way} job has freed its dedupe key`, async (t) => {
        const { store } = await open(t)
        const first = await store.enqueue(keyed, NOW)
        await leave(store)
        const second = await store.enqueue({ ...keyed, kind: 'other' }, NOW)
        assert.deepEqual(second, { id: second.id, deduped: false, state: 'queued' })
        assert.notEqual(second.id, first.id)
      })
    }

    const waysBack: Record<string, (store: QueueStore) => Promise<unknown>> = {
      claimed: (store) => claim(store),
      retried: async (store) => settle(store, requeues(await claimOne(store))),
      lost: async (store) => settle(store, requeues(await claimOne(store), { charge: 'crash' })),
      'brought back from the dead': async (store) => {
        const job = await claimOne(store)
        await settle(store, buries(job))
        assert.equal(await retry(store, job.id, NOW), true)
      },
    }
    for (const [way, move] of Object.entries(waysBack)) {
      test(`I3: a ${way} job still holds its dedupe key`, async (t) => {
        const { store } = await open(t)
        const first = await store.enqueue(keyed, NOW)
        await move(store)
        const second = await store.enqueue(keyed, NOW)
        assert.deepEqual([second.id, second.deduped], [first.id, true])
        await assert.rejects(
          store.enqueue({ ...keyed, kind: 'other' }, NOW),
          refusal('HELVE_ERR_DEDUPE_KEY'),
        )
      })
    }

    test('a turn settles, then enqueues, then claims', async (t) => {
      const { store } = await open(t)
      const first = await store.enqueue(keyed, NOW)
      const running = await claimOne(store)
      const { settled, enqueued, claimed } = await turn(store, {
        settles: [completes(running)],
        enqueues: [aJob({ dedupeKey: 'k', payload: 'next' })],
        admit: (queues) => [admission(queues, 5)],
      })
      assert.equal(settled[0]?.state, 'completed')
      const [second] = enqueued
      assert.ok(second && 'id' in second && !second.deduped)
      assert.notEqual(second.id, first.id)
      assert.deepEqual(
        claimed.map(({ id, payload }) => [id, payload]),
        [[second.id, '"next"']],
      )
    })
  })
}
