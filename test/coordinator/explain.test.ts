import assert from 'node:assert/strict'
import type { PauseTarget } from '../../src/job/pause.ts'
import { describe } from 'node:test'
import type { Explanation } from '../../src/coordinator/explain.ts'
import { test } from '../support/each-store.ts'
import { failed } from '../support/fake-pool.ts'
import { NOW } from '../support/jobs.ts'
import { aCoordinator, times, type Rig } from '../support/coordinator/rig.ts'
import { pause } from '../support/commands.ts'

type Setup = Parameters<typeof aCoordinator>[1]

/** The moment `ms` after {@link NOW}, as the sentences of `explain` write it. */
const at = (ms = 0): string => new Date(NOW + ms).toISOString()

interface Case {
  what: string
  setup?: Setup
  /** @default true */
  claims?: boolean
  /** Brings a job into this state. Resolves to the id of the job. */
  make: (rig: Rig) => Promise<number>
  is: Explanation
}

const a = { kind: 'a' }
const grouped = { kind: 'a', group: 'g' }

/** Enqueues `count` jobs. Resolves to the id of the last. */
const last =
  (count: number, job: object = a) =>
  async ({ enqueue }: Rig): Promise<number> =>
    (await enqueue(...times(count, () => job))).at(-1)!

const pausing =
  (target: PauseTarget, by: string | null) =>
  async ({ store, enqueueOne }: Rig): Promise<number> => {
    await pause(store, target, NOW, by)
    return enqueueOne(grouped)
  }

const cases: Case[] = [
  {
    what: 'runs',
    make: last(1),
    is: { code: 'running', since: NOW, reason: `it has been running since ${at()}` },
  },
  {
    what: 'was claimed by a thread that is held up',
    make: async ({ enqueueOne, pool }) => {
      const id = await enqueueOne()
      pool.stalled.add(id)
      return id
    },
    is: {
      code: 'stalled',
      since: NOW,
      reason: `it was claimed at ${at()}, and the event loop of its thread is held up`,
    },
  },
  {
    what: 'is not due',
    make: last(1, { runAt: NOW + 5_000 }),
    is: { code: 'scheduled', at: NOW + 5_000, reason: `it is due at ${at(5_000)}` },
  },
  {
    what: 'has snoozed',
    make: async ({ enqueueOne, pool, clock }) => {
      const id = await enqueueOne()
      pool.finish(id, { type: 'snoozed', delay: 500, followUps: [], deliveries: [] })
      await clock.settle()
      return id
    },
    is: { code: 'scheduled', at: NOW + 500, reason: `it is due at ${at(500)}` },
  },
  {
    what: 'has failed',
    make: async ({ enqueueOne, pool, clock }) => {
      const id = await enqueueOne()
      pool.finish(id, failed())
      await clock.settle()
      return id
    },
    is: {
      code: 'retry',
      at: NOW + 2_000,
      run: 2,
      of: 5,
      reason: `run 2 of 5 is due at ${at(2_000)}, after Error: disk on fire`,
    },
  },
  {
    what: 'is of a lane that is paused',
    make: pausing({ lane: 'default' }, 'ann'),
    is: {
      code: 'paused',
      pause: { lane: 'default', kind: null, group: null, since: NOW, by: 'ann' },
      reason: `lane default has been paused since ${at()} by ann`,
    },
  },
  {
    what: 'is of a kind that is paused',
    make: pausing({ kind: 'a' }, null),
    is: {
      code: 'paused',
      pause: { lane: null, kind: 'a', group: null, since: NOW, by: null },
      reason: `kind a has been paused since ${at()}`,
    },
  },
  {
    what: 'is of a group that is paused',
    make: pausing({ kind: 'a', group: 'g' }, 'a deploy'),
    is: {
      code: 'paused',
      pause: { lane: null, kind: 'a', group: 'g', since: NOW, by: 'a deploy' },
      reason: `group "g" of kind a has been paused since ${at()} by a deploy`,
    },
  },
  {
    what: 'is of a kind that nobody handles',
    setup: { kinds: { a: null } },
    make: async ({ submit, coordinator, store, clock }) => {
      // `explain` has to see the job before the turn that makes it dead.
      coordinator.pause()
      const submitted = submit(a)
      await clock.settle()
      const { id } = await submitted
      assert.equal((await store.get(id))?.state, 'queued')
      coordinator.claim()
      return id
    },
    is: { code: 'no handler', reason: 'nobody handles kind a' },
  },
  {
    what: 'is of a kind that is at its rate',
    setup: { policies: { a: { rate: { limit: 2, per: 1_000 } } } },
    make: last(3),
    is: {
      code: 'rate',
      until: NOW + 500,
      of: 'kind',
      reason: `kind a is at its rate: the next job may start at ${at(500)}`,
    },
  },
  {
    what: 'is of a group that is at its rate',
    setup: { policies: { a: { groupConcurrency: 9, groupRate: { limit: 1, per: 1_000 } } } },
    make: last(2, grouped),
    is: {
      code: 'rate',
      until: NOW + 1_000,
      of: 'group',
      reason: `its group "g" is at its rate: the next job may start at ${at(1_000)}`,
    },
  },
  {
    what: 'is of a group that is full with one',
    make: last(2, grouped),
    is: { code: 'group', running: [1], reason: 'its group "g" is full: job 1 is running' },
  },
  {
    what: 'is of a group that is full with two',
    setup: { policies: { a: { groupConcurrency: 2 } } },
    make: last(3, grouped),
    is: { code: 'group', running: [1, 2], reason: 'its group "g" is full: jobs 1, 2 are running' },
  },
  {
    what: 'is of a group that is full with seven',
    setup: { policies: { a: { groupConcurrency: 7 } } },
    make: last(8, grouped),
    is: {
      code: 'group',
      running: [1, 2, 3, 4, 5, 6, 7],
      reason: 'its group "g" is full: jobs 1, 2, 3, 4, 5 and 2 more are running',
    },
  },
  {
    what: 'is of a group that is full with 150',
    setup: { lanes: { default: 200 }, policies: { a: { groupConcurrency: 150 } } },
    make: last(151, grouped),
    is: {
      code: 'group',
      running: times(150, (n) => n + 1),
      reason: 'its group "g" is full: jobs 1, 2, 3, 4, 5 and 145 more are running',
    },
  },
  {
    what: 'is of a kind that holds as many slots as it may',
    setup: { lanes: { default: 3 }, policies: { a: { concurrency: 2 } } },
    make: last(3),
    is: {
      code: 'kind',
      most: 2,
      reason: 'kind a holds 2 slots of lane default, and may hold no more',
    },
  },
  {
    what: 'is of a kind that holds the one slot that it may',
    setup: { policies: { a: { concurrency: 1 } } },
    make: last(2),
    is: {
      code: 'kind',
      most: 1,
      reason: 'kind a holds 1 slot of lane default, and may hold no more',
    },
  },
  {
    what: 'is the next of a lane that is full',
    setup: { lanes: { default: 1 } },
    make: last(2),
    is: { code: 'behind', ahead: 0, estimate: undefined, reason: 'it is next in lane default' },
  },
  {
    what: 'is second in line in a lane that is full',
    setup: { lanes: { default: 1 } },
    make: last(3),
    is: {
      code: 'behind',
      ahead: 1,
      estimate: undefined,
      reason: 'it is behind 1 job in lane default',
    },
  },
  {
    what: 'is behind many, of a lane whose pace is known',
    setup: { lanes: { default: 1 } },
    make: async ({ enqueue, pool, clock }) => {
      const ids = await enqueue(...times(9, () => a))
      for (const id of ids.slice(0, 3)) {
        await clock.advance(100)
        pool.finish(id)
        await clock.settle()
      }
      return ids.at(-1)!
    },
    is: {
      code: 'behind',
      ahead: 4,
      // Three jobs have settled in the 200 ms since the first of them ended.
      estimate: 334,
      reason: 'it is behind 4 jobs in lane default, and should start in about 334 ms',
    },
  },
  {
    what: 'is dead',
    make: async ({ enqueueOne, pool, clock }) => {
      const id = await enqueueOne()
      pool.finish(id, failed({ permanent: true }))
      await clock.settle()
      return id
    },
    is: {
      code: 'dead',
      keyHolder: undefined,
      reason: `it died at ${at()}: Error: disk on fire`,
    },
  },
  {
    what: 'is dead, and whose key another job holds',
    make: async ({ enqueueOne, cancel }) => {
      const job = { dedupeKey: 'k', runAt: NOW + 9 }
      const id = await enqueueOne(job)
      await cancel(id)
      await enqueueOne(job)
      return id
    },
    is: {
      code: 'dead',
      keyHolder: 2,
      reason: `it died at ${at()}: CancelledError: cancelled; its key "k" is held by job 2`,
    },
  },
  {
    what: 'is of a lane whose threads cannot be started',
    make: async ({ enqueueOne, pool, clock }) => {
      Object.assign(pool, { capacity: 0, problem: 'the thread exited with code 9' })
      const id = await enqueueOne()
      await clock.settle()
      return id
    },
    is: {
      code: 'no thread',
      problem: 'the thread exited with code 9',
      reason: 'no thread of lane default can be started: the thread exited with code 9',
    },
  },
  {
    what: 'waits for the runtime to claim',
    claims: false,
    make: last(1),
    is: { code: 'not claiming', reason: 'the runtime is not claiming jobs' },
  },
]

describe('explain tells of a job that', () => {
  for (const { what, setup, claims = true, make, is } of cases) {
    test(what, async (t) => {
      const rig = await aCoordinator(t, setup)
      if (claims) await rig.claim()
      assert.deepEqual(await rig.coordinator.explain(await make(rig)), is)
    })
  }

  test('does not exist: nothing', async (t) => {
    const { coordinator } = await aCoordinator(t)
    assert.equal(await coordinator.explain(1), undefined)
  })

  test('has any of the codes: the cases above cover each', () => {
    // The breaker has tests of its own.
    const codes: Record<Exclude<Explanation['code'], 'breaker'>, true> = {
      running: true,
      stalled: true,
      scheduled: true,
      retry: true,
      paused: true,
      'no handler': true,
      rate: true,
      group: true,
      kind: true,
      behind: true,
      dead: true,
      'no thread': true,
      'not claiming': true,
    }
    assert.deepEqual(new Set(cases.map(({ is }) => is.code)), new Set(Object.keys(codes)))
  })
})

describe('of several reasons, explain tells the one that lasts', () => {
  const paused = { lane: null, kind: 'a', group: null, since: NOW, by: null }
  test('a pause, although the job is not due either', async (t) => {
    const { coordinator, claim, store, enqueueOne } = await aCoordinator(t)
    await claim()
    await pause(store, { kind: 'a' }, NOW, null)
    const id = await enqueueOne({ ...a, runAt: NOW + 9 })
    const told = await coordinator.explain(id)
    assert.deepEqual(told?.code === 'paused' && told.pause, paused)
  })

  test('a full group, although its lane is full too', async (t) => {
    const { coordinator, claim, enqueue } = await aCoordinator(t, { lanes: { default: 1 } })
    await claim()
    const [, id] = await enqueue(grouped, grouped)
    assert.equal((await coordinator.explain(id!))?.code, 'group')
  })

  test('a full lane, although its kind holds all of it', async (t) => {
    const { coordinator, claim, enqueue } = await aCoordinator(t, { lanes: { default: 1 } })
    await claim()
    const [, id] = await enqueue(a, a)
    assert.equal((await coordinator.explain(id!))?.code, 'behind')
  })

  test('the jobs ahead, without those of other lanes', async (t) => {
    const { coordinator, claim, enqueue } = await aCoordinator(t, {
      lanes: { default: 1, net: 1 },
      kinds: { hook: 'net' },
    })
    await claim()
    const ids = await enqueue(...times(9, () => ({ kind: 'hook' })), a, a)
    const told = await coordinator.explain(ids.at(-1)!)
    assert.deepEqual(told?.code === 'behind' && told.ahead, 0)
  })
})
