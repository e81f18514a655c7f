import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { test } from '../support/each-store.ts'
import { NOW } from '../support/jobs.ts'
import { aCoordinator, times, type Rig } from '../support/coordinator/rig.ts'

/** Ends the runs of a lane one by one, the oldest run first, until the lane is empty. */
async function runOut({ pool, clock }: Rig): Promise<void> {
  for (let id = pool.running[0]; id !== undefined; id = pool.running[0]) {
    pool.finish(id)
    await clock.settle()
  }
}

function order({ pool }: Rig): number[] {
  return pool.started.map(({ job }) => job.id)
}

describe('a lane', () => {
  test('is never given more than it has room for', async (t) => {
    const rig = await aCoordinator(t, { lanes: { default: 3 } })
    await rig.claim()
    const ids = await rig.enqueue(...times(10, () => ({})))
    assert.deepEqual(rig.pool.running, ids.slice(0, 3))
    for (const id of [2, 1]) rig.pool.finish(id)
    await rig.clock.settle()
    assert.deepEqual(rig.pool.running, [3, 4, 5])
    await runOut(rig)
    assert.deepEqual(order(rig), ids)
    assert.deepEqual(await rig.store.counts(), {})
  })

  test('is given more jobs when it has more room', async (t) => {
    const { enqueue, claim, pool, clock, coordinator } = await aCoordinator(t, {
      lanes: { default: 1 },
    })
    await claim()
    await enqueue(...times(4, () => ({})))
    pool.resize(3)
    coordinator.wake()
    await clock.settle()
    assert.deepEqual(pool.running, [1, 2, 3])
  })

  test('is given nothing while it has lost its room, and its running jobs go on', async (t) => {
    const { enqueue, claim, pool, clock } = await aCoordinator(t, { lanes: { default: 2 } })
    await claim()
    await enqueue(...times(3, () => ({})))
    pool.resize(1)
    pool.finish(1)
    await clock.settle()
    assert.deepEqual(pool.running, [2])
    pool.finish(2)
    await clock.settle()
    assert.deepEqual(pool.running, [3])
  })

  test('I7: that is full does not hold up another lane', async (t) => {
    const { enqueue, claim, pools, clock } = await aCoordinator(t, {
      lanes: { slow: 1, fast: 1 },
      kinds: { deliver: 'slow', touch: 'fast' },
    })
    await claim()
    const [slow, fast] = [pools.get('slow')!, pools.get('fast')!]
    // These jobs are more than one turn takes, older, and more urgent.
    await enqueue(...times(300, () => ({ kind: 'deliver', priority: -1 })))
    const [first, second] = await enqueue({ kind: 'touch' }, { kind: 'touch' })
    assert.deepEqual([slow.running.length, fast.running], [1, [first]])
    fast.finish(first!)
    await clock.settle()
    assert.deepEqual([slow.started.length, fast.running], [1, [second]])
  })
})

describe('the order of claims', () => {
  test('is priority, run_at, id, across the kinds of a lane', async (t) => {
    const rig = await aCoordinator(t, { lanes: { default: 1 } })
    const jobs = [
      { kind: 'a', priority: 1, runAt: NOW - 9 },
      { kind: 'b', priority: 0, runAt: NOW },
      { kind: 'a', priority: 0, runAt: NOW - 1 },
      { kind: 'b', priority: 0, runAt: NOW - 1 },
      { kind: 'c', priority: -1, runAt: NOW },
      { kind: 'a', priority: 0, runAt: NOW - 2 },
    ]
    await rig.enqueue(...jobs)
    await rig.claim()
    await runOut(rig)
    assert.deepEqual(order(rig), [5, 6, 3, 4, 2, 1])
  })

  test('puts a later, more urgent job before the jobs that wait', async (t) => {
    const rig = await aCoordinator(t, { lanes: { default: 1 } })
    await rig.claim()
    await rig.enqueue({}, {}, {})
    const urgent = await rig.enqueueOne({ kind: 'urgent', priority: -5 })
    await runOut(rig)
    assert.deepEqual(order(rig), [1, urgent, 2, 3])
  })
})

describe('what a run is given', () => {
  test("the terms of its kind, overridden by the job's own", async (t) => {
    const { enqueue, claim, pool } = await aCoordinator(t, {
      policies: { a: { maxAttempts: 2, timeout: 1_000, grace: 10, alone: false } },
    })
    await claim()
    await enqueue({ kind: 'a' }, { kind: 'a', maxAttempts: 9, overrides: { timeout: 50 } }, {})
    const most = pool.slots
    assert.deepEqual(
      pool.started.map(({ terms }) => terms),
      [
        { maxAttempts: 2, timeout: 1_000, grace: 10, alone: false, most },
        { maxAttempts: 9, timeout: 50, grace: 10, alone: false, most },
        { maxAttempts: 5, timeout: 600_000, grace: 1_000, alone: false, most },
      ],
    )
  })
})

describe('a kind without a lane', () => {
  const kinds = { ghost: null }

  test('is dead at once, and its key is free', async (t) => {
    const { enqueueOne, claim, row, of, pool, submit, clock } = await aCoordinator(t, { kinds })
    await claim()
    const id = await enqueueOne({ kind: 'ghost', dedupeKey: 'k' })
    const { state, errors } = await row(id)
    const error = { name: 'NoHandlerError', message: 'no handler for kind ghost' }
    assert.deepEqual([state, errors], ['dead', [{ ...error, at: NOW, attempt: 1 }]])
    assert.deepEqual(
      of('dead').map(({ job, error: told }) => [job.id, told]),
      [[id, error]],
    )
    assert.deepEqual(pool.started, [])
    const again = submit({ kind: 'ghost', dedupeKey: 'k' })
    await clock.settle()
    assert.equal((await again).deduped, false)
  })

  test('is dead however full the lanes are, and takes none of their room', async (t) => {
    const { enqueue, claim, pool, store } = await aCoordinator(t, { kinds, lanes: { default: 1 } })
    await claim()
    await enqueue({}, {}, ...times(250, () => ({ kind: 'ghost', priority: -1 })))
    assert.deepEqual(await store.counts(), {
      ghost: { queued: 0, running: 0, dead: 250 },
      reindex: { queued: 1, running: 1, dead: 0 },
    })
    assert.equal(pool.started.length, 1)
  })

  test('stays queued until somebody claims', async (t) => {
    const { enqueueOne, row, clock } = await aCoordinator(t, { kinds })
    const id = await enqueueOne({ kind: 'ghost' })
    await clock.advance(60_000)
    assert.equal((await row(id)).state, 'queued')
  })
})

describe('claiming', () => {
  test('does not begin by itself', async (t) => {
    const { enqueueOne, clock, pool, coordinator, row } = await aCoordinator(t)
    const id = await enqueueOne()
    coordinator.wake()
    await clock.advance(60_000)
    assert.deepEqual([pool.started, (await row(id)).state], [[], 'queued'])
  })

  test('ends with `pause`: runs are still settled, and submissions are written', async (t) => {
    const { enqueue, enqueueOne, claim, coordinator, clock, pool, row, store } = await aCoordinator(
      t,
      { lanes: { default: 1 } },
    )
    await claim()
    const [first, second] = await enqueue({}, {})
    coordinator.pause()
    pool.finish(first!)
    const third = await enqueueOne()
    coordinator.wake()
    await clock.advance(60_000)
    assert.deepEqual(pool.running, [])
    assert.equal(await store.get(first!), undefined)
    assert.deepEqual([(await row(second!)).state, (await row(third)).state], ['queued', 'queued'])
  })

  test('goes on after a pause', async (t) => {
    const { enqueueOne, claim, coordinator, clock, pool } = await aCoordinator(t)
    await claim()
    coordinator.pause()
    const id = await enqueueOne()
    await clock.advance(60_000)
    await claim()
    assert.deepEqual(pool.running, [id])
  })

  test('that is paused during a turn still runs the jobs that the turn claims', async (t) => {
    const { enqueueOne, coordinator, turns, clock, pool, store } = await aCoordinator(t)
    const id = await enqueueOne()
    const end = turns.holdAfter()
    coordinator.claim()
    await clock.settle()
    coordinator.pause()
    end()
    await clock.settle()
    assert.deepEqual([pool.running, clock.waits], [[id], []])
    pool.finish(id)
    await clock.settle()
    assert.deepEqual(await store.counts(), {})
  })
})
