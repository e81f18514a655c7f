import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Outcome } from '../../src/job/outcome.ts'
import type { PauseTarget } from '../../src/job/pause.ts'
import { test } from '../support/each-store.ts'
import { completed, failed } from '../support/fake-pool.ts'
import { aDelivery, aJob, NOW } from '../support/jobs.ts'
import { aCoordinator, times } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'
import { cancel as cancelIn, pause, resume } from '../support/commands.ts'

const lost: Outcome = { type: 'lost', reason: 'exit' }
const released: Outcome = { type: 'released', reason: 'it was told to end' }
const timedOut: Outcome = { type: 'timedOut', timeout: 30 }

type Snoozed = Extract<Outcome, { type: 'snoozed' }>

function snoozed(delay: number, over: Partial<Snoozed> = {}): Snoozed {
  return { type: 'snoozed', delay, followUps: [], deliveries: [], ...over }
}

const error = { name: 'CancelledError', message: 'cancelled' }

/** Starts a job, and forgets the events until then. */
async function running(...setup: Parameters<typeof aCoordinator>) {
  const rig = await aCoordinator(...setup)
  await rig.claim()
  const id = await rig.enqueueOne({ kind: 'a', dedupeKey: 'k', payload: 'first' })
  rig.told.length = 0
  return {
    ...rig,
    id,
    job: { id, kind: 'a', dedupeKey: 'k', attempt: 1 },
    end: async (outcome: Outcome): Promise<void> => {
      rig.pool.finish(id, outcome)
      await rig.clock.settle()
    },
    cancel: async (which = id): Promise<boolean> => {
      return rig.cancel(which)
    },
    fold: (payload: string) => rig.enqueueOne({ kind: 'a', dedupeKey: 'k', payload }),
    runs: () => rig.pool.started.map(({ job }) => [job.attempt, job.payload]),
  }
}

describe('a run that snoozes', () => {
  test('is followed by another run after its delay, and spends no attempt', async (t) => {
    const { end, clock, runs, row, id } = await running(t, { policies: { a: { maxAttempts: 1 } } })
    for (const delay of [500, 1, 20_000]) {
      await end(snoozed(delay))
      const { state, attempts, runAt, errors } = await row(id)
      assert.deepEqual([state, attempts, runAt, errors], ['queued', 0, clock.now() + delay, []])
      const before = runs().length
      await clock.advance(delay - 1)
      assert.equal(runs().length, before)
      await clock.advance(1)
      assert.equal(runs().length, before + 1)
    }
    assert.ok(runs().every(([attempt]) => attempt === 1))
  })

  test('has its follow-ups and delivery records written, and makes an event', async (t) => {
    const { end, told, store, job, id } = await running(t)
    const followUps = [aJob({ kind: 'b', runAt: NOW + 9 })]
    await end(snoozed(500, { followUps, deliveries: [aDelivery()] }))
    assert.deepEqual(told, [
      ['enqueued', { id: id + 1, kind: 'b', dedupeKey: null, deduped: false }],
      ['snoozed', { job, runAt: NOW + 500 }],
    ])
    assert.equal((await store.webhooks.deliveries({ hook: 1 })).deliveries.length, 1)
  })

  test('frees the slot and the group, and keeps the key', async (t) => {
    const { enqueue, claim, pool, clock } = await aCoordinator(t, { lanes: { default: 1 } })
    await claim()
    const [first, second] = await enqueue({ dedupeKey: 'k', group: 'g' }, { group: 'g' })
    pool.finish(first!, snoozed(500))
    await clock.settle()
    const [fold] = await enqueue({ dedupeKey: 'k', runAt: NOW + 500 })
    assert.deepEqual([pool.running, fold], [[second], first])
  })

  test('beyond its maxAge makes the job dead, and its follow-ups are written', async (t) => {
    const { end, clock, row, id, told, store, job } = await running(t, {
      policies: { a: { maxAge: 1_000 } },
    })
    await end(snoozed(600))
    await clock.advance(600)
    await end(snoozed(400))
    assert.equal((await row(id)).state, 'queued')
    await clock.advance(400)
    told.length = 0
    await end(snoozed(1, { followUps: [aJob({ kind: 'b', runAt: NOW + 9_999 })] }))
    const { state, attempts, errors } = await row(id)
    const old = { name: 'MaxAgeError', message: 'snoozed beyond its maxAge of 1000 ms' }
    assert.deepEqual([state, attempts], ['dead', 0])
    assert.deepEqual(errors, [{ ...old, at: NOW + 1_000, attempt: 1 }])
    assert.deepEqual(told.at(-1), ['dead', { job, error: old, durationMs: 0, queuedMs: 0 }])
    assert.equal((await store.counts())['b']?.queued, 1)
  })

  test('counts its age from the newest submission, once a run for that has begun', async (t) => {
    const { end, clock, fold, row, id, runs } = await running(t, {
      policies: { a: { maxAge: 1_000 } },
    })
    await clock.advance(900)
    await fold('second')
    await end(snoozed(500))
    assert.deepEqual(runs().at(-1), [1, '"second"'])
    await end(snoozed(1_000))
    assert.equal((await row(id)).state, 'queued')
  })
})

describe('cancel', () => {
  test('of a queued job: it is dead at once, and never runs', async (t) => {
    const { cancel, enqueueOne, claim, clock, row, told, pool } = await aCoordinator(t)
    const id = await enqueueOne({ kind: 'a', dedupeKey: 'k' })
    told.length = 0
    assert.equal(await cancel(id), true)
    const { state, attempts, errors } = await row(id)
    const at = NOW
    assert.deepEqual([state, attempts, errors], ['dead', 0, [{ ...error, at, attempt: 0 }]])
    const job = { id, kind: 'a', dedupeKey: 'k', attempt: 0 }
    assert.deepEqual(told, [['cancelled', { job }]])
    assert.equal(await cancel(id), false)
    await claim()
    await clock.advance(60_000)
    assert.deepEqual([pool.started, told.length], [[], 1])
  })

  test('of a job that does not exist is refused', async (t) => {
    const { cancel, end, id, told } = await running(t)
    assert.equal(await cancel(id + 1), false)
    await end(completed())
    assert.equal(await cancel(id), false)
    assert.ok(told.every(([event]) => event !== 'cancelled'))
  })

  test('of a running job: the run is told to end, and goes on until it ends', async (t) => {
    const { cancel, row, id, pool, told } = await running(t)
    assert.equal(await cancel(), true)
    assert.deepEqual([pool.ended, pool.running, told], [[id], [id], []])
    assert.equal((await row(id)).state, 'running')
  })

  const ends: [way: string, outcome: Outcome][] = [
    ['was told to end', released],
    ['failed', failed()],
    ['failed for good', failed({ permanent: true })],
    ['timed out', timedOut],
    ['was lost', lost],
    ['snoozed', snoozed(500)],
  ]
  for (const [way, outcome] of ends) {
    test(`of a running job: the job is dead once it ${way}, at no cost`, async (t) => {
      const { cancel, end, row, id, told, job, clock, pool } = await running(t)
      await cancel()
      await end(outcome)
      await clock.advance(60_000)
      const { state, attempts, crashes, errors } = await row(id)
      assert.deepEqual([state, attempts, crashes], ['dead', 0, 0])
      assert.deepEqual(errors, [{ ...error, at: NOW, attempt: 1 }])
      assert.deepEqual(told, [['cancelled', { job }]])
      assert.equal(pool.started.length, 1)
    })
  }

  test('of a running job that completes changes nothing', async (t) => {
    const { cancel, end, store, told, job } = await running(t)
    await cancel()
    await end(completed())
    assert.deepEqual(await store.counts(), {})
    const data = { job, result: undefined, durationMs: 0, queuedMs: 0, rerun: false }
    assert.deepEqual(told, [['completed', data]])
  })

  test('of a run whose follow-up is refused: the job is dead, not completed', async (t) => {
    const { cancel, end, enqueueOne, row, id, of } = await running(t)
    await enqueueOne({ kind: 'holder', dedupeKey: 'held' })
    await cancel()
    await end(completed({ followUps: [aJob({ kind: 'c', dedupeKey: 'held' })] }))
    assert.deepEqual([(await row(id)).state, of('cancelled').length], ['dead', 1])
  })

  test('of a run that has failed in the same moment: the job is dead', async (t) => {
    const { pool, cancel, row, id } = await running(t)
    pool.finish(id, failed())
    assert.equal(await cancel(), true)
    assert.equal((await row(id)).state, 'dead')
  })

  test('of a job that a turn is claiming: its run is told to end', async (t) => {
    const { coordinator, cancel, enqueueOne, turns, clock, pool } = await aCoordinator(t)
    const id = await enqueueOne()
    const go = turns.holdAfter()
    coordinator.claim()
    await clock.settle()
    const cancelled = new Fate(cancel(id))
    await clock.settle()
    assert.deepEqual([cancelled.is, pool.running], ['pending', []])
    go()
    await clock.settle()
    assert.deepEqual([cancelled.value, pool.running, pool.ended], [true, [id], [id]])
  })

  test('drops a submission that was folded in before it', async (t) => {
    const { fold, cancel, end, row, id, runs } = await running(t)
    await fold('second')
    await cancel()
    await end(released)
    assert.deepEqual([(await row(id)).state, runs().length], ['dead', 1])
  })

  for (const [way, outcome] of [...ends, ['completed', completed()] as const]) {
    test(`I4: keeps a submission folded in after it, when the run ${way}`, async (t) => {
      const { fold, cancel, end, clock, id, row, runs } = await running(t)
      await cancel()
      assert.equal(await fold('second'), id)
      await end(outcome)
      assert.deepEqual(runs(), [
        [1, '"first"'],
        [1, '"second"'],
      ])
      // The cancel was for the first run: the second run is retried after a failure.
      await end(failed())
      assert.equal((await row(id)).state, 'queued')
      await clock.advance(2_000)
      assert.equal(runs().length, 3)
    })
  }

  test('frees the key, the slot and the group', async (t) => {
    const rig = await running(t, { lanes: { default: 1 } })
    const waiting = await rig.enqueueOne({ kind: 'b' })
    await rig.cancel()
    await rig.end(released)
    assert.deepEqual(rig.pool.running, [waiting])
    assert.notEqual(await rig.fold('next'), rig.id)
  })

  test('of the job that `runOnce` waits for ends the wait', async (t) => {
    const { coordinator, cancel, enqueueOne, clock, pool } = await aCoordinator(t)
    const id = await enqueueOne()
    const once = new Fate(coordinator.once())
    await clock.settle()
    void cancel(id)
    await clock.settle()
    assert.equal(once.is, 'pending')
    pool.finish(id, released)
    await clock.settle()
    assert.equal(once.value, true)
  })
})

describe('a pause', () => {
  const lanes = { default: 10, net: 10 }
  const kinds = { a: 'net' }
  const a = { kind: 'a', group: 'g' }
  const targets: [what: string, target: PauseTarget, others: object][] = [
    ['of a lane', { lane: 'net' }, { kind: 'b', group: 'g' }],
    ['of a kind', { kind: 'a' }, { kind: 'b', group: 'g' }],
    ['of a group', { kind: 'a', group: 'g' }, { kind: 'a', group: 'h' }],
  ]
  for (const [what, target, others] of targets) {
    test(`${what} lets running jobs go on, and starts no more until it is resumed`, async (t) => {
      const setup = { lanes, kinds, policies: { a: { groupConcurrency: 9 } } }
      const rig = await aCoordinator(t, setup)
      await rig.claim()
      const [first] = await rig.enqueue(a)
      await pause(rig.store, target, NOW, 'ann')
      const [waiting, other] = await rig.enqueue(a, others)
      const runningOf = ({ pools }: typeof rig) =>
        [...pools.values()].flatMap(({ running }) => running).sort((x, y) => x - y)
      assert.deepEqual(runningOf(rig), [first, other])
      rig.pools.get('net')!.finish(first!)
      await rig.clock.advance(60_000)
      assert.deepEqual([await rig.store.get(first!), runningOf(rig)], [undefined, [other]])
      rig.coordinator.close()

      const next = await aCoordinator(t, { ...setup, store: rig.store, clock: rig.clock })
      await next.claim()
      await next.clock.advance(60_000)
      assert.deepEqual(runningOf(next), [])
      await resume(next.store, target, next.clock.now())
      next.coordinator.wake()
      await next.clock.settle()
      assert.deepEqual(runningOf(next), [waiting])
    })
  }

  const wider: PauseTarget[] = [{ kind: 'a' }, { lane: 'net' }]
  for (const target of wider) {
    test(`of a ${Object.keys(target).join()} ends, though no job is queued any more`, async (t) => {
      const rig = await aCoordinator(t, { lanes, kinds })
      await rig.claim()
      const running = await rig.enqueueOne({ kind: 'a' })
      await pause(rig.store, target)
      await rig.cancel(await rig.enqueueOne({ kind: 'a' }))
      await resume(rig.store, target)
      rig.pools.get('net')!.finish(running, failed())
      await rig.clock.advance(60_000)
      assert.deepEqual(rig.pools.get('net')!.running, [running])
    })
  }

  test('holds for `runOnce`, too', async (t) => {
    const { coordinator, enqueue, store, clock, pool } = await aCoordinator(t)
    const [, b] = await enqueue({ kind: 'a' }, { kind: 'b' })
    await pause(store, { kind: 'a' }, NOW, null)
    const onces = times(2, () => new Fate(coordinator.once()))
    await clock.settle()
    assert.deepEqual([pool.running, onces[1]!.value], [[b], false])
  })
})

describe('a kind in its lane', () => {
  const three = { default: 3 }
  const spared = { lanes: three, spare: 1 }
  const nine = { a: { concurrency: 9 } }
  const cases: [what: string, setup: Parameters<typeof aCoordinator>[1], runs: number][] = [
    ['takes all slots', { lanes: three }, 3],
    ['takes all slots, and leaves the spare to other kinds', { lanes: three, spare: 1 }, 3],
    ['takes the only slot', { lanes: { default: 1 }, spare: 1 }, 1],
    ['takes no more than it may hold', { lanes: three, policies: { a: { concurrency: 1 } } }, 1],
    ['takes no more slots than there are, whatever it may hold', { ...spared, policies: nine }, 3],
  ]
  for (const [what, setup, runs] of cases) {
    test(what, async (t) => {
      const { enqueue, claim, pool, clock } = await aCoordinator(t, setup)
      await claim()
      const ids = await enqueue(...times(6, () => ({ kind: 'a' })))
      assert.deepEqual(pool.running, ids.slice(0, runs))
      assert.ok(pool.started.every(({ terms }) => terms.most === runs))
      pool.finish(ids[0]!)
      await clock.settle()
      assert.deepEqual(pool.running, ids.slice(1, runs + 1))
    })
  }

  test('I7: however many of its jobs wait, another kind starts at once', async (t) => {
    const { enqueue, enqueueOne, claim, pool } = await aCoordinator(t, spared)
    await claim()
    const slow = await enqueue(...times(50, () => ({ kind: 'a', priority: -1 })))
    const other = await enqueueOne({ kind: 'b' })
    assert.deepEqual(pool.running, [...slow.slice(0, 3), other])
  })

  test('I7: a job of another kind that is due later starts on time', async (t) => {
    const { enqueue, enqueueOne, claim, clock, pool } = await aCoordinator(t, spared)
    await claim()
    const slow = await enqueue(...times(50, () => ({ kind: 'a', priority: -1 })))
    const other = await enqueueOne({ kind: 'b', runAt: clock.now() + 50 })
    await clock.advance(49)
    assert.deepEqual(pool.running, slow.slice(0, 3))
    await clock.advance(1)
    assert.deepEqual(pool.running, [...slow.slice(0, 3), other])
  })

  test('I7: that has a slot does not take the spare; the next free one is the spare', async (t) => {
    const { enqueue, claim, clock, pool } = await aCoordinator(t, spared)
    await claim()
    const slow = await enqueue(...times(9, () => ({ kind: 'a' })))
    const [b, , c] = await enqueue({ kind: 'b' }, { kind: 'b' }, { kind: 'c' })
    assert.deepEqual(pool.running, [...slow.slice(0, 3), b])
    pool.finish(slow[0]!)
    await clock.settle()
    assert.deepEqual(pool.running, [slow[1], slow[2], b, c])
    pool.finish(slow[1]!)
    pool.finish(slow[2]!)
    await clock.settle()
    // The lane is back at its three slots.
    assert.deepEqual(pool.running, [b, c, slow[3]])
  })

  test('is given the spare by `runOnce`, too', async (t) => {
    const setup = { lanes: { default: 1 }, spare: 1 }
    const { coordinator, enqueue, clock, pool } = await aCoordinator(t, setup)
    const [first, , other] = await enqueue({ kind: 'a' }, { kind: 'a' }, { kind: 'b' })
    const onces = times(3, () => new Fate(coordinator.once()))
    await clock.settle()
    assert.deepEqual([pool.running, onces[2]!.value], [[first, other], undefined])
  })

  test('is passed over at its concurrency by `runOnce`, too', async (t) => {
    const setup = { lanes: three, policies: { a: { concurrency: 1 } } }
    const { coordinator, enqueue, clock, pool } = await aCoordinator(t, setup)
    const [first, second, other] = await enqueue({ kind: 'a' }, { kind: 'a' }, { kind: 'b' })
    const onces = times(4, () => new Fate(coordinator.once()))
    await clock.settle()
    assert.deepEqual([pool.running, onces[2]!.is], [[first, other], 'pending'])
    pool.finish(first!)
    await clock.settle()
    assert.deepEqual([pool.running, onces[3]!.value], [[other, second], false])
    pool.finish(second!)
    await clock.settle()
    assert.equal(onces[2]!.value, true)
  })

  test('is run by as many `runOnce` calls as it has jobs, which wait for room', async (t) => {
    const { coordinator, enqueue, clock, pool } = await aCoordinator(t, { lanes: { default: 2 } })
    await enqueue(...times(20, () => ({})))
    const onces = times(21, () => new Fate(coordinator.once()))
    await clock.settle()
    for (let n = 0; n < 20; n++) {
      pool.finish(pool.running[0]!)
      await clock.settle()
    }
    assert.deepEqual(
      onces.map(({ value }) => value),
      [...times(20, () => true), false],
    )
  })
})

describe('`runOnce` finds a job', () => {
  test('past groups that are full', async (t) => {
    const { coordinator, enqueue, clock, pool } = await aCoordinator(t)
    const [first, , other] = await enqueue({ group: 'g' }, { group: 'g' }, { group: 'h' })
    const onces = times(3, () => new Fate(coordinator.once()))
    await clock.settle()
    assert.deepEqual([pool.running, onces[2]!.value], [[first, other], false])
  })

  test('past more groups than one turn looks at', async (t) => {
    const { coordinator, enqueue, store, clock, pool } = await aCoordinator(t)
    const ids = await enqueue(...times(1_100, (n) => ({ group: `g${n}` })))
    const last = ids.pop()!
    for (const id of ids) await cancelIn(store, id, NOW)
    const once = new Fate(coordinator.once())
    await clock.settle()
    assert.deepEqual([pool.running, once.is], [[last], 'pending'])
  })

  test('whose group is not known yet', async (t) => {
    const group = ({ repo }: { repo: string }): string => repo
    const { coordinator, enqueueOne, clock, pool } = await aCoordinator(t, {
      policies: { a: { group } },
    })
    const id = await enqueueOne({ kind: 'a', payload: { repo: 'x' }, group: undefined })
    void coordinator.once()
    await clock.settle()
    assert.deepEqual([pool.running, pool.started[0]?.job.group], [[id], 'x'])
  })
})

describe('a job that a limit holds back starts as soon as it may', () => {
  const rate = { limit: 1, per: 500 }
  const cases: [limit: string, policy: object, job: object][] = [
    ['the rate of its kind', { rate }, {}],
    ['the rate of its kind, if it has groups', { rate, groupConcurrency: 9 }, { group: 'g' }],
    ['the rate of its group', { groupRate: rate, groupConcurrency: 9 }, { group: 'g' }],
  ]
  for (const [limit, policy, job] of cases) {
    test(limit, async (t) => {
      const setup = { policies: { a: policy }, idle: 60_000 }
      const { enqueue, claim, pool, clock } = await aCoordinator(t, setup)
      await claim()
      const ids = await enqueue(...times(3, () => ({ kind: 'a', ...job })))
      for (const started of [1, 2, 3]) {
        assert.deepEqual(pool.running, ids.slice(0, started))
        await clock.advance(499)
        assert.equal(pool.running.length, started)
        await clock.advance(1)
      }
    })
  }

  test('the other jobs of its group', async (t) => {
    const { enqueue, claim, pool, clock } = await aCoordinator(t, { idle: 60_000 })
    await claim()
    const ids = await enqueue(...times(3, () => ({ group: 'g' })))
    for (const id of ids) {
      assert.deepEqual(pool.running, [id])
      pool.finish(id)
      await clock.settle()
    }
  })
})
