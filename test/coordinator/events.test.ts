import assert from 'node:assert/strict'
import { describe } from 'node:test'
import type { Outcome } from '../../src/job/outcome.ts'
import { test } from '../support/each-store.ts'
import { completed, failed } from '../support/fake-pool.ts'
import { aJob, NOW } from '../support/jobs.ts'
import { aCoordinator } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

const mistake = new Error('a mistake of the host')
const fail = (): never => {
  throw mistake
}
const error = { name: 'Error', message: 'disk on fire' }

/** Runs a job for 40 ms, and forgets the events until then. */
async function running(...setup: Parameters<typeof aCoordinator>) {
  const rig = await aCoordinator(...setup)
  await rig.claim()
  const id = await rig.enqueueOne({ kind: 'a', dedupeKey: 'k' })
  await rig.clock.advance(40)
  rig.told.length = 0
  return {
    ...rig,
    id,
    job: { id, kind: 'a', dedupeKey: 'k', attempt: 1 },
    end: async (outcome: Outcome, took?: number): Promise<void> => {
      rig.pool.finish(id, outcome, took)
      rig.coordinator.pause()
      await rig.clock.settle()
    },
  }
}

describe('events tell', () => {
  test('of a submission, and of its start', async (t) => {
    const { claim, enqueue, told } = await aCoordinator(t)
    await claim()
    const [id] = await enqueue({ kind: 'a', dedupeKey: 'k' })
    await enqueue({ kind: 'a', dedupeKey: 'k' })
    const job = { id, kind: 'a', dedupeKey: 'k' }
    assert.deepEqual(told, [
      ['enqueued', { ...job, deduped: false }],
      ['started', { job: { ...job, attempt: 1 }, queuedMs: 0 }],
      ['enqueued', { ...job, deduped: true }],
    ])
  })

  const took = { durationMs: 40, queuedMs: 0 }
  const lost: Outcome = { type: 'lost', reason: 'exit' }
  const ways: [way: string, outcome: Outcome, event: string, data: object][] = [
    ['completes', completed(), 'completed', { result: undefined, ...took, rerun: false }],
    [
      'completes with a result',
      completed({ result: '{"rows":3}' }),
      'completed',
      { result: { rows: 3 }, ...took, rerun: false },
    ],
    ['fails', failed(), 'retrying', { error, runAt: NOW + 2_040, ...took }],
    ['fails for good', failed({ permanent: true }), 'dead', { error, ...took }],
    [
      'times out',
      { type: 'timedOut', timeout: 30 },
      'retrying',
      {
        error: { name: 'TimeoutError', message: 'ran longer than 30 ms' },
        runAt: NOW + 2_040,
        ...took,
      },
    ],
    ['is lost', lost, 'lost', { reason: 'exit', crashes: 1 }],
    ['is released', { type: 'released', reason: 'stop' }, 'released', { reason: 'stop' }],
  ]
  for (const [way, outcome, event, data] of ways) {
    test(`of a run that ${way}`, async (t) => {
      const { end, told, job } = await running(t)
      await end(outcome)
      assert.deepEqual(told, [[event, { job, ...data }]])
    })
  }

  for (const [way, outcome, event] of [
    ['completes', completed(), 'completed'],
    ['fails', failed(), 'retrying'],
    ['fails for good', failed({ permanent: true }), 'dead'],
    ['times out', { type: 'timedOut', timeout: 30 }, 'retrying'],
  ] as const) {
    test(`how long a run that ${way} took, not the time until its settle`, async (t) => {
      const { end, of } = await running(t)
      await end(outcome, 12.5)
      assert.deepEqual(
        of(event).map(({ durationMs }) => durationMs),
        [12.5],
      )
    })
  }

  test('of a run that is lost for the third time', async (t) => {
    const { claim, enqueueOne, clock, pool, told, of } = await aCoordinator(t)
    await claim()
    const id = await enqueueOne()
    for (let crash = 1; crash <= 3; crash++) {
      pool.finish(id, lost)
      await clock.settle()
    }
    assert.deepEqual(
      told.map(([event]) => event),
      ['enqueued', 'started', 'lost', 'started', 'lost', 'started', 'dead'],
    )
    assert.deepEqual(
      of('lost').map(({ crashes }) => crashes),
      [1, 2],
    )
    assert.equal(of('dead')[0]?.error.message, 'exit')
  })

  for (const [way, outcome, event, data] of [
    ['completes', completed(), 'completed', { result: undefined, ...took, rerun: true }],
    [
      'fails for good',
      failed({ permanent: true }),
      'retrying',
      { error, runAt: NOW + 40, ...took },
    ],
  ] as const) {
    test(`of a run that ${way}, when a submission was folded into it`, async (t) => {
      const { end, told, job, submit, clock } = await running(t)
      void submit({ kind: 'a', dedupeKey: 'k' })
      await clock.settle()
      told.length = 0
      await end(outcome)
      assert.deepEqual(told, [[event, { job, ...data }]])
    })
  }

  test('of follow-ups, before they tell of the completed run', async (t) => {
    const { end, told, job, id } = await running(t)
    const followUps = [aJob({ kind: 'b', dedupeKey: 'f' }), aJob({ kind: 'b', dedupeKey: 'f' })]
    await end(completed({ followUps }))
    const followUp = { id: id + 1, kind: 'b', dedupeKey: 'f' }
    assert.deepEqual(told, [
      ['enqueued', { ...followUp, deduped: false }],
      ['enqueued', { ...followUp, deduped: true }],
      ['completed', { job, result: undefined, ...took, rerun: false }],
    ])
  })
})

describe('the order of events', () => {
  test('of one turn: submissions, endings, starts', async (t) => {
    const { claim, enqueue, submit, clock, pool, told } = await aCoordinator(t, {
      lanes: { default: 2 },
    })
    await claim()
    const [one, two] = await enqueue({}, {}, {})
    told.length = 0
    pool.finish(two!, failed())
    pool.finish(one!)
    const last = new Fate(submit())
    await clock.settle()
    const ids = told.map(([event, data]) => [
      event,
      'job' in data ? data.job?.id : 'id' in data && data.id,
    ])
    assert.deepEqual(ids, [
      ['enqueued', last.value?.id],
      ['retrying', two],
      ['completed', one],
      ['started', 3],
      ['started', last.value?.id],
    ])
  })

  test('a start is told before the outcome of the run', async (t) => {
    const { claim, enqueueOne, pool, told, clock } = await aCoordinator(t)
    const start = pool.start.bind(pool)
    pool.start = (job, terms) => {
      start(job, terms)
      pool.finish(job.id)
    }
    await claim()
    await enqueueOne()
    await clock.settle()
    assert.deepEqual(
      told.map(([event]) => event),
      ['enqueued', 'started', 'completed'],
    )
  })
})

describe('a listener that throws', () => {
  test('disturbs nobody, and makes an error event', async (t) => {
    const { claim, enqueueOne, clock, pool, events, told, of, store } = await aCoordinator(t)
    const heard: string[] = []
    const names = ['enqueued', 'started', 'completed'] as const
    for (const event of names) {
      events.on(event, fail)
      events.on(event, () => heard.push(event))
    }
    await claim()
    const id = await enqueueOne()
    pool.finish(id)
    await clock.settle()
    assert.deepEqual(heard, names)
    assert.deepEqual(
      of('error'),
      names.map((event) => ({ error: mistake, during: `a listener of ${event}` })),
    )
    assert.deepEqual(
      told.filter(([event]) => event !== 'error').map(([event]) => event),
      names,
    )
    assert.deepEqual([await store.counts(), pool.running], [{}, []])
  })

  test('at an error event disturbs nobody either', async (t) => {
    const { submit, clock, turns, events, of } = await aCoordinator(t)
    events.on('error', fail)
    turns.fails = ({ enqueues }) => (enqueues.length > 0 ? new Error('disk on fire') : undefined)
    const fate = new Fate(submit())
    await clock.advance(1_000)
    assert.deepEqual([fate.is, of('error').length], ['rejected', 1])
    turns.fails = () => undefined
    const next = new Fate(submit())
    await clock.advance(1_000)
    assert.equal(next.is, 'resolved')
  })

  test('is not called any more after `off`', async (t) => {
    const { enqueueOne, events, of } = await aCoordinator(t)
    events.on('enqueued', fail)
    events.off('enqueued', fail)
    await enqueueOne()
    assert.deepEqual([of('error'), of('enqueued').length], [[], 1])
  })
})
