import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  aJob,
  admission,
  claim,
  enqueue,
  NOW,
  refusal,
  requeues,
  turn,
} from '../../support/jobs.ts'
import { loopTurn, signal } from '../../support/signal.ts'
import type { Open, QueueStore } from '../contract.ts'
import { discard, prune, retry } from '../../support/commands.ts'

export function owning(open: Open): void {
  describe('own', () => {
    test('I2: `join` finds the jobs that an owner left running, as they were claimed', async (t) => {
      const { store, reopen } = await open(t)
      assert.deepEqual(await store.join(NOW), [])
      const overrides = { timeout: 9 }
      await enqueue(store, aJob(), aJob({ dedupeKey: 'k', maxAttempts: 2, overrides }), aJob())
      const claimed = await claim(store, 2)
      await store.close()
      const next = await reopen()
      assert.deepEqual(await next.join(NOW + 1), claimed)
    })

    test('`join` finds running jobs in the order in which they were claimed', async (t) => {
      const { store, reopen } = await open(t)
      const later = { runAt: NOW + 10 }
      await enqueue(store, aJob({ ...later, priority: 1 }), aJob(later), aJob())
      const claimed = [...(await claim(store)), ...(await claim(store, 2, NOW + 10))]
      await store.close()
      const found = await (await reopen()).join(NOW + 20)
      assert.deepEqual(
        [claimed, found].map((jobs) => jobs.map(({ id }) => id)),
        [
          [3, 2, 1],
          [3, 2, 1],
        ],
      )
    })

    test('`join` finds running jobs in the order of their claims, even if the clock was set back', async (t) => {
      const { store, reopen } = await open(t)
      await enqueue(store, aJob({ runAt: NOW - 10 }), aJob({ runAt: NOW - 10 }))
      const claimed = [...(await claim(store, 1)), ...(await claim(store, 1, NOW - 5))]
      await store.close()
      assert.deepEqual(await (await reopen()).join(NOW), claimed)
    })

    test('I3: a recovered job is running until its claim is settled', async (t) => {
      const { store, reopen } = await open(t)
      await enqueue(store, aJob())
      await claim(store)
      const next = await reopen()
      const [lost] = await next.join(NOW)
      assert.deepEqual(await claim(next), [])
      const settles = [requeues(lost!, { charge: 'crash' })]
      const { claimed } = await turn(next, {
        settles,
        admit: (queues) => [admission(queues, 1)],
      })
      assert.deepEqual(
        claimed.map(({ id, attempt, crashes }) => [id, attempt, crashes]),
        [[lost!.id, 1, 1]],
      )
    })

    test('I3: a second owner is refused, and the error names the process of the first', async (t) => {
      const { store, reopen } = await open(t)
      await store.join(NOW)
      const other = await reopen()
      const refused = refusal('HELVE_ERR_OWNED', new RegExp(`\\b${process.pid}\\b`))
      await assert.rejects(other.join(NOW), refused)
      await assert.rejects(store.join(NOW), refused)
      await assert.rejects(other.join(NOW), refused)
    })

    test('a second connection may enqueue and read beside the owner', async (t) => {
      const { store, reopen } = await open(t)
      await store.join(NOW)
      const other = await reopen()
      const { id } = await other.enqueue(aJob(), NOW)
      assert.equal((await store.get(id))?.state, 'queued')
      assert.deepEqual(
        (await claim(store)).map((job) => job.id),
        [id],
      )
      assert.equal((await other.get(id))?.state, 'running')
    })

    const givings: Record<string, (store: QueueStore) => Promise<void>> = {
      leave: (store) => store.leave(),
      close: (store) => store.close(),
    }
    for (const [verb, give] of Object.entries(givings)) {
      test(`${verb} gives ownership back`, async (t) => {
        const { store, reopen } = await open(t)
        await store.join(NOW)
        await give(store)
        const other = await reopen()
        assert.deepEqual(await other.join(NOW), [])
      })
    }

    test('an owner that leaves while a job may still run keeps the ownership, even after `close`', async (t) => {
      const { store, reopen } = await open(t)
      await store.join(NOW)
      await store.leave(false)
      const other = await reopen()
      await assert.rejects(other.join(NOW), refusal('HELVE_ERR_OWNED'))
      await store.close()
      await assert.rejects(other.join(NOW), refusal('HELVE_ERR_OWNED'))
    })

    test('an owner that gave ownership back can take it again', async (t) => {
      const { store } = await open(t)
      await store.join(NOW)
      await store.leave()
      await store.leave()
      assert.deepEqual(await store.join(NOW), [])
    })
  })

  describe('watch', () => {
    test('a watch tells of commits of other connections, and not of its own connection', async (t) => {
      const { store, reopen } = await open(t)
      const other = await reopen()
      let calls = 0
      const told = signal('the first connection is told')
      const otherTold = signal('the second connection is told')
      const unwatch = store.watch(() => {
        calls += 1
        told.fire()
      })
      const otherUnwatch = other.watch(otherTold.fire)
      t.after(unwatch)
      t.after(otherUnwatch)

      await store.enqueue(aJob(), NOW)
      // Once the second connection is told of the commit, the first would have been told as well.
      await otherTold.wait()
      await loopTurn()
      assert.equal(calls, 0)

      await other.enqueue(aJob(), NOW)
      await told.wait()
      await loopTurn()
      assert.equal(calls, 1)
    })

    test('a watch that has been ended tells nothing more', async (t) => {
      const { store, reopen } = await open(t)
      const other = await reopen()
      let calls = 0
      const ended = store.watch(() => (calls += 1))
      const told = signal('the other watch is told')
      const unwatch = store.watch(told.fire)
      t.after(unwatch)
      ended()
      await other.enqueue(aJob(), NOW)
      await told.wait()
      await loopTurn()
      assert.equal(calls, 0)
    })
  })

  describe('close', () => {
    const job = {
      ...aJob(),
      id: 1,
      token: 1,
      attempt: 1,
      crashes: 0,
      createdAt: NOW,
      since: NOW,
      group: null,
    }
    const verbs: Record<string, (store: QueueStore) => Promise<unknown>> = {
      turn: (store) => turn(store, {}),
      enqueue: (store) => store.enqueue(aJob(), NOW),
      claim: (store) => store.claim(NOW),
      complete: (store) => store.complete(job, NOW),
      fail: (store) => store.fail(job, { to: 'completed' }, NOW),
      join: (store) => store.join(NOW),
      get: (store) => store.get(1),
      list: (store) => store.list({}),
      counts: (store) => store.counts(),
      oldestDue: (store) => store.oldestDue(NOW),
      retry: (store) => retry(store, 1, NOW),
      discard: (store) => discard(store, 1),
      prune: (store) => prune(store, NOW),
      pruneDeliveries: (store) => store.pruneDeliveries(NOW),
      getWebhook: (store) => store.getWebhook(1),
      watch: async (store) => store.watch(() => undefined),
    }
    for (const [verb, use] of Object.entries(verbs)) {
      test(`a closed store refuses ${verb}`, async (t) => {
        const { store } = await open(t)
        await store.close()
        await assert.rejects(use(store), refusal('HELVE_ERR_CLOSED'))
      })
    }

    test('a closed store takes no ownership', async (t) => {
      const { store, reopen } = await open(t)
      const other = await reopen()
      await store.close()
      await assert.rejects(store.join(NOW))
      assert.deepEqual(await other.join(NOW), [])
    })

    test('closing and leaving twice does no harm', async (t) => {
      const { store } = await open(t)
      await store.join(NOW)
      await store.close()
      await store.close()
      await store.leave()
    })
  })
}
