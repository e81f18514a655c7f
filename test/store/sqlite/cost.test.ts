import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { NewJob } from '../../../src/job/job.ts'
import { NEVER } from '../../../src/job/limits.ts'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { pause } from '../../support/commands.ts'
import { aJob, claimsOn, completes, enqueue, NOW, turn } from '../../support/jobs.ts'
import { watchStatements } from '../../support/statements.ts'
import { connect, openStore } from '../../support/store.ts'

// I8: only due jobs add to the cost of a claim.

const LATER = NOW + 60_000

/** The cost of a claim of one due job, beside the jobs and pauses that `prepare` has written. */
async function costBeside(t: TestContext, prepare: (store: SqliteStore) => Promise<unknown>) {
  const store = await openStore(t, { durability: 'process' })
  await prepare(store)
  // The first claim looks once at jobs that have become due, and at pauses.
  await claimsOn(store, paused)
  await enqueue(store, aJob({ kind: 'due' }))
  const work = watchStatements(t)
  const { claimed } = await claimsOn(store, paused)
  const cost = work()
  assert.deepEqual(
    claimed.map(({ kind }) => kind),
    ['due'],
  )
  return cost
}

const isPaused = { has: (group: string) => group.startsWith('paused') }
const paused = (kind: string) => ({ paused: isPaused, held: kind.startsWith('held') })

const many = (count: number, job: (n: number) => Partial<NewJob>): NewJob[] =>
  Array.from({ length: count }, (_, n) => aJob(job(n)))

describe('I8: the cost of a claim does not depend on', () => {
  const cases: Record<string, (count: number) => (store: SqliteStore) => Promise<unknown>> = {
    'kinds with a scheduled job': (count) => (store) =>
      enqueue(store, ...many(count, (n) => ({ kind: `kind${n}`, runAt: LATER }))),
    'priorities with a scheduled job': (count) => (store) =>
      enqueue(store, ...many(count, (n) => ({ priority: n - 1_000, runAt: LATER }))),
    'jobs of a moment to come': (count) => (store) =>
      enqueue(store, ...many(count, () => ({ runAt: NEVER, wallAt: LATER }))),
    'groups that are paused': (count) => (store) =>
      enqueue(store, ...many(count, (n) => ({ group: `paused${n}` }))),
    'kinds that are paused': (count) => (store) =>
      enqueue(store, ...many(count, (n) => ({ kind: `held${n}` }))),
    'pauses that have been looked at': (count) => async (store) => {
      for (let n = 0; n < count; n++) await pause(store, { kind: 'other', group: `g${n}` })
    },
    'kinds that are empty': (count) => async (store) => {
      await enqueue(store, ...many(count, (n) => ({ kind: `kind${n}` })))
      const { claimed } = await claimsOn(store, {}, { room: 10_000 })
      await turn(store, { settles: claimed.map((job) => completes(job)) })
    },
  }
  for (const [what, prepare] of Object.entries(cases)) {
    test(what, async (t) => {
      const few = await costBeside(t, prepare(5))
      const lots = await costBeside(t, prepare(300))
      assert.deepEqual(lots, few)
    })
  }
})

test('I8: an empty queue leaves no row of a queue or a group behind', async (t) => {
  const store = await openStore(t, { durability: 'process' })
  await enqueue(store, ...many(50, (n) => ({ kind: `kind${n}`, group: 'g' })))
  const { claimed } = await claimsOn(store, {})
  await turn(store, { settles: claimed.map((job) => completes(job)) })
  const left = connect(t, store.file).prepare(`
    SELECT (SELECT count(*) FROM helve_queues) + (SELECT count(*) FROM helve_groups)`)
  assert.equal(left.pluck().get(), 0)
})

test('I9: a look at a queue of long payloads reads only a few of the payloads', async (t) => {
  const store = await openStore(t, { durability: 'process' })
  const payload = 'x'.repeat(500_000)
  await enqueue(store, ...many(40, () => ({ payload })))
  const work = watchStatements(t)
  const { claimed, more } = await claimsOn(store, {})
  const [, rows] = work()
  assert.ok(claimed.length > 0 && claimed.length < 20, `${claimed.length} jobs`)
  assert.equal(more, true)
  assert.ok(rows < 40, `${rows} rows`)
})
