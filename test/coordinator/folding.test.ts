import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Outcome } from '../../src/job/outcome.ts'
import { test } from '../support/each-store.ts'
import { completed, failed } from '../support/fake-pool.ts'
import { NOW } from '../support/jobs.ts'
import { aCoordinator } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

const keyed = (payload: unknown) => ({ dedupeKey: 'k', payload })

/** A job that runs with the payload 'old'. */
async function running(...setup: Parameters<typeof aCoordinator>) {
  const rig = await aCoordinator(...setup)
  await rig.claim()
  const id = await rig.enqueueOne(keyed('old'))
  return {
    ...rig,
    id,
    end: async (outcome: Outcome): Promise<void> => {
      rig.pool.finish(id, outcome)
      await rig.clock.settle()
    },
    /** [payload, attempt] of the runs so far. */
    runs: () => rig.pool.started.map(({ job }) => [JSON.parse(job.payload), job.attempt]),
  }
}

describe('a submission whose key is held', () => {
  test('by a queued job: one run, with the newest payload', async (t) => {
    const { enqueue, claim, pool, of } = await aCoordinator(t)
    const ids = await enqueue(keyed('old'), keyed('newer'), keyed('newest'))
    assert.deepEqual(new Set(ids), new Set([ids[0]]))
    await claim()
    assert.deepEqual(
      pool.started.map(({ job }) => job.payload),
      ['"newest"'],
    )
    assert.deepEqual(
      of('enqueued').map(({ deduped }) => deduped),
      [false, true, true],
    )
  })

  test('by a running job: I3: no second run starts, and the state told is running', async (t) => {
    const { submit, clock, pool, id } = await running(t)
    const fold = new Fate(submit(keyed('new')))
    await clock.advance(600_000)
    assert.deepEqual(fold.value, { id, deduped: true, state: 'running' })
    assert.equal(pool.started.length, 1)
  })

  test('by a running job whose ending waits for its turn: it is a new job', async (t) => {
    const { submit, clock, pool, id, runs, store } = await running(t)
    pool.finish(id)
    const next = new Fate(submit(keyed('new')))
    await clock.settle()
    assert.equal(next.value?.deduped, false)
    assert.deepEqual(runs(), [
      ['old', 1],
      ['new', 1],
    ])
    pool.finish(next.value.id)
    await clock.settle()
    assert.deepEqual(await store.counts(), {})
  })
})

describe('I4: after a submission was folded into a run', () => {
  const ways: { way: string; outcome: Outcome }[] = [
    { way: 'completes', outcome: completed() },
    { way: 'fails', outcome: failed() },
    { way: 'fails, and asks for a retry', outcome: failed({ retryAt: NOW + 60_000 }) },
    { way: 'fails for good', outcome: failed({ permanent: true }) },
    { way: 'times out', outcome: { type: 'timedOut', timeout: 5 } },
    { way: 'is lost', outcome: { type: 'lost', reason: 'exit' } },
    { way: 'is released', outcome: { type: 'released', reason: 'stop', delay: 60_000 } },
    { way: 'snoozes', outcome: { type: 'snoozed', delay: 60_000, followUps: [], deliveries: [] } },
  ]
  for (const { way, outcome } of ways) {
    test(`that ${way}: one further run at once, with the newest payload and all attempts`, async (t) => {
      const { enqueue, end, clock, runs, store, pool } = await running(t)
      await enqueue(keyed('newer'), keyed('newest'))
      await end(outcome)
      assert.deepEqual(runs(), [
        ['old', 1],
        ['newest', 1],
      ])
      await end(completed())
      await clock.advance(600_000)
      assert.equal(pool.started.length, 2)
      assert.deepEqual(await store.counts(), {})
    })
  }

  test('that spends the last attempt: one further run, and dead if it fails too', async (t) => {
    const { enqueue, end, runs, row, id, of } = await running(t, {
      policies: { reindex: { maxAttempts: 1 } },
    })
    await enqueue(keyed('new'))
    await end(failed())
    assert.deepEqual(of('dead'), [])
    assert.deepEqual(runs(), [
      ['old', 1],
      ['new', 1],
    ])
    await end(failed())
    assert.deepEqual([(await row(id)).state, of('dead').length], ['dead', 1])
  })

  test('that is the third crash: one further run, and dead if it crashes too', async (t) => {
    const { enqueue, end, runs, row, id } = await running(t)
    const crash: Outcome = { type: 'lost', reason: 'exit' }
    await end(crash)
    await end(crash)
    await enqueue(keyed('new'))
    await end(crash)
    assert.deepEqual(runs().at(-1), ['new', 1])
    assert.equal(runs().length, 4)
    await end(crash)
    assert.equal((await row(id)).state, 'dead')
  })

  test('and another submission into the further run: a third run', async (t) => {
    const { enqueueOne, end, runs, store } = await running(t)
    await enqueueOne(keyed('second'))
    await end(completed())
    await enqueueOne(keyed('third'))
    await end(completed())
    assert.deepEqual(
      runs().map(([payload]) => payload),
      ['old', 'second', 'third'],
    )
    await end(completed())
    assert.deepEqual(await store.counts(), {})
  })

  test('whose ending cannot be written for a while: the further run follows', async (t) => {
    const { enqueueOne, end, runs, turns, clock } = await running(t)
    await enqueueOne(keyed('new'))
    turns.fails = () => new Error('disk on fire')
    await end(completed())
    await clock.advance(5_000)
    assert.equal(runs().length, 1)
    turns.fails = () => undefined
    await clock.advance(1_000)
    assert.deepEqual(runs(), [
      ['old', 1],
      ['new', 1],
    ])
  })
})
