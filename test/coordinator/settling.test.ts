import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { RetryAfterError, retryAt } from '../../src/job/errors.ts'
import type { ClaimedJob } from '../../src/job/job.ts'
import type { Outcome } from '../../src/job/outcome.ts'
import { test } from '../support/each-store.ts'
import { completed, failed } from '../support/fake-pool.ts'
import { aDelivery, aJob, NOW } from '../support/jobs.ts'
import { aCoordinator, times } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

const lost: Outcome = { type: 'lost', reason: 'worker exited with code: 7' }
const released: Outcome = { type: 'released', reason: 'the runtime stopped' }
const timedOut: Outcome = { type: 'timedOut', timeout: 600_000 }

/** A job that runs. */
async function running(...setup: Parameters<typeof aCoordinator>) {
  const rig = await aCoordinator(...setup)
  await rig.claim()
  const id = await rig.enqueueOne({ kind: 'a' })
  return {
    ...rig,
    id,
    /** Ends the run. */
    end: async (outcome: Outcome): Promise<ClaimedJob> => {
      const job = rig.pool.finish(id, outcome)
      await rig.clock.settle()
      return job
    },
    /** [attempt, crashes] of the runs so far. */
    runs: () => rig.pool.started.map(({ job }) => [job.attempt, job.crashes]),
    /** Asserts that the job starts after exactly `ms` milliseconds. */
    startsAfter: async (ms: number): Promise<void> => {
      const before = rig.pool.started.length
      await rig.clock.advance(ms - 1)
      assert.equal(rig.pool.started.length, before, `started before ${ms} ms were over`)
      await rig.clock.advance(1)
      assert.equal(rig.pool.started.length, before + 1, `not started after ${ms} ms`)
    },
  }
}

describe('a run that failed', () => {
  test('is retried at the moment that the backoff gives, until its attempts are spent', async (t) => {
    const { end, startsAfter, runs, row, id, clock, of } = await running(t)
    for (const delay of [2_000, 4_000, 8_000, 16_000]) {
      await end(failed())
      assert.equal((await row(id)).runAt, clock.now() + delay)
      await startsAfter(delay)
    }
    await end(failed())
    const { state, attempts, errors } = await row(id)
    assert.deepEqual([state, attempts, errors.length], ['dead', 5, 5])
    assert.deepEqual(
      errors.map(({ attempt }) => attempt),
      [1, 2, 3, 4, 5],
    )
    assert.deepEqual(
      runs(),
      [1, 2, 3, 4, 5].map((attempt) => [attempt, 0]),
    )
    assert.deepEqual([of('retrying').length, of('dead').length], [4, 1])
  })

  for (const [random, delay] of [
    [0, 1_800],
    [0.75, 2_100],
  ] as const) {
    test(`is retried with jitter: ${delay} ms where chance says ${random}`, async (t) => {
      const { end, startsAfter } = await running(t, { random: () => random })
      await end(failed())
      await startsAfter(delay)
    })
  }

  test('permanently is dead at once', async (t) => {
    const { end, row, id, clock, pool } = await running(t)
    await end(failed({ permanent: true }))
    const { state, attempts, diedAt } = await row(id)
    assert.deepEqual([state, attempts, diedAt], ['dead', 1, NOW])
    await clock.advance(600_000)
    assert.equal(pool.started.length, 1)
  })

  test('is retried when it asks to be, and gets no more attempts by that', async (t) => {
    const { end, startsAfter, row, id, clock } = await running(t, {
      policies: { a: { maxAttempts: 2 } },
    })
    await end(failed({ retryAt: clock.now() + 12_345 }))
    await startsAfter(12_345)
    await end(failed({ retryAt: clock.now() + 12_345 }))
    assert.equal((await row(id)).state, 'dead')
  })

  test('is retried at the next whole millisecond when it asks for a fraction', async (t) => {
    const { end, row, id, startsAfter, of } = await running(t)
    await end(failed({ retryAt: retryAt(new RetryAfterError(10_000 / 3), NOW) }))
    assert.deepEqual(of('error'), [])
    assert.deepEqual([(await row(id)).state, (await row(id)).runAt], ['queued', NOW + 3_334])
    await startsAfter(3_334)
  })

  test('because of its timeout is retried like any other', async (t) => {
    const { end, startsAfter, row, id, runs } = await running(t)
    await end(timedOut)
    const [error] = (await row(id)).errors
    assert.deepEqual([error?.name, error?.message], ['TimeoutError', 'ran longer than 600000 ms'])
    await startsAfter(2_000)
    assert.deepEqual(runs(), [
      [1, 0],
      [2, 0],
    ])
  })
})

describe('a backoff of the host', () => {
  test('is given the attempt and the error, and the retry waits for its delay', async (t) => {
    const asked: unknown[] = []
    const backoff = (...given: unknown[]) => asked.push(given) * 100
    const { end, startsAfter } = await running(t, { policies: { a: { backoff } } })
    await end(failed())
    await startsAfter(100)
    await end(timedOut)
    await startsAfter(200)
    assert.deepEqual(asked, [
      [1, { name: 'Error', message: 'disk on fire' }],
      [2, { name: 'TimeoutError', message: 'ran longer than 600000 ms' }],
    ])
  })

  const broken: Record<string, () => unknown> = {
    'that throws': () => {
      throw new Error('a mistake of the host')
    },
    'that gives NaN': () => NaN,
    'that gives a negative number': () => -1,
    'that gives Infinity': () => Infinity,
    'that gives a string': () => '5',
    'that gives a promise': async () => 5,
    'that rejects': async () => {
      throw new Error('a mistake of the host')
    },
  }
  for (const [what, backoff] of Object.entries(broken)) {
    test(`${what} is replaced by the default one, and told of once`, async (t) => {
      const { end, startsAfter, of } = await running(t, {
        policies: { a: { backoff: backoff as () => number } },
      })
      await end(failed())
      await startsAfter(2_000)
      assert.deepEqual(
        of('error').map(({ during }) => during),
        ['the backoff of kind a, in whose place the default is taken'],
      )
    })
  }

  test('takes the fields that it lacks from the default one', async (t) => {
    const backoff = { maxDelay: 3_000, delay: undefined } as unknown as { maxDelay: number }
    const { end, startsAfter } = await running(t, { policies: { a: { backoff } } })
    await end(failed())
    await startsAfter(2_000)
    await end(failed())
    await startsAfter(3_000)
  })
})

describe('I6: an attempt is spent only by a run that failed by its own doing', () => {
  test('lost: refunded, counted as a crash, run again at once', async (t) => {
    const { end, runs, row, id } = await running(t)
    await end(lost)
    const { state, attempts, crashes, errors } = await row(id)
    assert.deepEqual([state, attempts, crashes], ['running', 1, 1])
    assert.deepEqual([errors[0]?.name, errors[0]?.message], ['LostError', lost.reason])
    assert.deepEqual(runs(), [
      [1, 0],
      [1, 1],
    ])
  })

  test('lost for the third time: dead, and its attempt refunded all the same', async (t) => {
    const { end, runs, row, id } = await running(t)
    for (let crash = 1; crash <= 3; crash++) await end(lost)
    const { state, attempts, crashes } = await row(id)
    assert.deepEqual([state, attempts, crashes], ['dead', 0, 3])
    assert.equal(runs().length, 3)
  })

  test('lost: queued behind the jobs that are due already', async (t) => {
    const { end, enqueueOne, clock, pool, id } = await running(t, { lanes: { default: 1 } })
    const other = await enqueueOne({ kind: 'a' })
    await clock.advance(1)
    await end(lost)
    assert.deepEqual(pool.running, [other])
    pool.finish(other)
    await clock.settle()
    assert.deepEqual(pool.running, [id])
  })

  test('released: refunded, and no crash and no error are recorded', async (t) => {
    const { end, runs, row, id } = await running(t)
    for (let time = 1; time <= 6; time++) await end(released)
    const { state, attempts, crashes, errors } = await row(id)
    assert.deepEqual([state, attempts, crashes, errors], ['running', 1, 0, []])
    assert.deepEqual(
      runs(),
      times(7, () => [1, 0]),
    )
  })

  test('attempts and crashes add up: failed, lost, released, and failed until dead', async (t) => {
    const { end, startsAfter, runs, row, id } = await running(t, {
      policies: { a: { maxAttempts: 2 } },
    })
    await end(failed())
    await startsAfter(2_000)
    await end(lost)
    await end(released)
    await end(lost)
    await end(failed())
    assert.deepEqual(runs(), [
      [1, 0],
      [2, 0],
      [2, 1],
      [2, 1],
      [2, 2],
    ])
    const { state, attempts, crashes } = await row(id)
    assert.deepEqual([state, attempts, crashes], ['dead', 2, 2])
  })
})

describe('I5: an ending that is late, doubled or forged changes nothing', () => {
  const endings: Outcome[] = [completed(), failed({ permanent: true }), lost, released]

  test('doubled, in the same turn and after it', async (t) => {
    const { end, coordinator, clock, id, store, of, pool } = await running(t)
    coordinator.settled(pool.started[0]!.job, completed())
    const job = await end(completed())
    for (const outcome of endings) coordinator.settled(job, outcome)
    await clock.settle()
    assert.deepEqual([of('completed').length, await store.get(id)], [1, undefined])
    assert.equal(of('dead').length + of('lost').length + of('released').length, 0)
    assert.deepEqual([await store.counts(), of('error')], [{}, []])
  })

  test('late: an event tells of it, and the current run is still waited for', async (t) => {
    const { end, coordinator, clock, id, events } = await running(t)
    const stale: number[] = []
    events.on('stale', ({ job }) => stale.push(job.id))
    const job = await end(released)
    coordinator.pause()
    coordinator.settled(job, completed())
    await clock.settle()
    const quiet = new Fate(coordinator.quiet())
    await clock.settle()
    assert.deepEqual([stale, quiet.is], [[id], 'pending'])
  })

  test('late: the job has been claimed anew', async (t) => {
    const { end, coordinator, clock, id, row, of, store } = await running(t)
    const job = await end(released)
    const before = [await row(id), of('completed'), of('dead'), of('lost'), of('released')]
    const followUps = [aJob({ kind: 'follow-up' })]
    coordinator.settled(job, completed({ followUps, deliveries: [aDelivery()] }))
    for (const outcome of endings) coordinator.settled(job, outcome)
    await clock.settle()
    const after = [await row(id), of('completed'), of('dead'), of('lost'), of('released')]
    assert.deepEqual(after, before)
    assert.deepEqual(await store.counts(), { a: { queued: 0, running: 1, dead: 0 } })
    assert.deepEqual((await store.webhooks.deliveries({ hook: 1 })).deliveries, [])
    await end(completed())
    assert.equal(of('completed').length, 1)
  })

  test('forged: another token', async (t) => {
    const { end, coordinator, clock, pool, id, row, of } = await running(t)
    const { job } = pool.started[0]!
    const before = await row(id)
    for (const token of [0, job.token + 1, NaN]) {
      coordinator.settled({ ...job, token }, completed())
    }
    await clock.settle()
    assert.deepEqual([await row(id), of('completed'), of('error')], [before, [], []])
    await end(completed())
    assert.equal(of('completed').length, 1)
  })
})

describe('the effects in an outcome', () => {
  test('are written with the settle: follow-ups and delivery records', async (t) => {
    const { end, store, pool, clock } = await running(t)
    const followUps = [
      aJob({ kind: 'b', payload: 1, dedupeKey: 'k', runAt: 0 }),
      aJob({ kind: 'b', payload: 2, dedupeKey: 'k', runAt: 0 }),
      aJob({ kind: 'c', runAt: 500 }),
    ]
    await end(completed({ followUps, deliveries: [aDelivery({ guid: 'one' })] }))
    assert.deepEqual(
      (await store.webhooks.deliveries({ hook: 1 })).deliveries.map(({ guid }) => guid),
      ['one'],
    )
    const started = () => pool.started.slice(1).map(({ job }) => [job.kind, job.payload])
    assert.deepEqual(started(), [['b', '2']])
    await clock.advance(500)
    assert.deepEqual(started(), [
      ['b', '2'],
      ['c', '{}'],
    ])
  })

  test('with a refused follow-up make the run fail; only delivery records are kept', async (t) => {
    const { end, enqueueOne, row, id, store, clock, of, told } = await running(t)
    await enqueueOne({ kind: 'holder', dedupeKey: 'held' })
    told.length = 0
    const followUps = [aJob({ kind: 'b' }), aJob({ kind: 'c', dedupeKey: 'held' })]
    await end(completed({ followUps, deliveries: [aDelivery()] }))
    const { state, runAt, errors } = await row(id)
    assert.deepEqual([state, runAt, errors.length], ['queued', NOW + 2_000, 1])
    assert.deepEqual([errors[0]?.attempt, errors[0]?.code], [1, 'HELVE_ERR_DEDUPE_KEY'])
    assert.match(errors[0]!.message, /dedupeKey.*held.*holder/)
    assert.deepEqual(Object.keys(await store.counts()), ['a', 'holder'])
    assert.equal(
      (await store.webhooks.deliveries({ hook: 1 })).deliveries.length,
      1,
      'what was sent is on record',
    )
    assert.deepEqual(
      told.map(([event]) => event),
      ['retrying'],
    )
    await clock.advance(2_000)
    await end(completed())
    assert.equal(of('completed').length, 1)
    assert.deepEqual(Object.keys(await store.counts()), ['holder'])
  })

  test('of a run that failed are its delivery records', async (t) => {
    const { end, store } = await running(t)
    await end(failed({ deliveries: [aDelivery()] }))
    assert.equal((await store.webhooks.deliveries({ hook: 1 })).deliveries.length, 1)
  })
})

describe('I11: every way out of running frees the slot, and the key if the job has ended', () => {
  const ways: [name: string, outcome: Outcome, ended: boolean][] = [
    ['completed', completed(), true],
    ['failed', failed(), false],
    ['failed for good', failed({ permanent: true }), true],
    ['timed out', timedOut, false],
    ['lost', lost, false],
    ['released', released, false],
  ]
  for (const [way, outcome, ended] of ways) {
    test(way, async (t) => {
      const rig = await aCoordinator(t, { lanes: { default: 1 } })
      await rig.claim()
      const id = await rig.enqueueOne({ dedupeKey: 'k' })
      const waiting = await rig.enqueueOne({ kind: 'other', priority: -1 })
      rig.pool.finish(id, outcome)
      await rig.clock.settle()
      assert.deepEqual(rig.pool.running, [waiting])
      const next = new Fate(rig.submit({ dedupeKey: 'k' }))
      await rig.clock.settle()
      assert.equal(next.value?.deduped, !ended)
      assert.equal(await rig.store.counts().then(({ reindex }) => reindex?.running), 0)
    })
  }
})
