import assert from 'node:assert/strict'
import { describe, test as testOnce } from 'node:test'
import { HelveError } from '../../src/job/errors.ts'
import type { GroupOf } from '../../src/job/group.ts'
import { test } from '../support/each-store.ts'
import { completed, failed } from '../support/fake-pool.ts'
import { aJob } from '../support/jobs.ts'
import { ManualClock } from '../support/manual-clock.ts'
import { connect, openStore } from '../support/store.ts'
import { aCoordinator, times } from '../support/coordinator/rig.ts'

// I12: a mistake in the host's functions, or a damaged row, harms no other job.

const unfiled = { kind: 'a', group: undefined }

describe("I12: a kind's own function that gives a group", () => {
  const broken: Record<string, () => unknown> = {
    throws: () => {
      throw new Error('a mistake of the host')
    },
    rejects: async () => {
      throw new Error('a mistake of the host')
    },
    'gives a value that is no name': () => 7,
  }
  for (const [what, group] of Object.entries(broken)) {
    test(`and ${what} makes an error event, and its jobs run without a group`, async (t) => {
      const { claim, enqueue, of, pool } = await aCoordinator(t, {
        policies: { a: { group: group as GroupOf } },
      })
      await claim()
      const ids = await enqueue(unfiled, { kind: 'b' })
      assert.deepEqual(new Set(pool.running), new Set(ids))
      assert.equal(pool.started.find(({ job }) => job.kind === 'a')?.job.group, null)
      const during = 'finding the group of a job of kind a, which has none then'
      assert.deepEqual(
        of('error').map((event) => event.during),
        [during],
      )
    })
  }

  test('is called outside of turns: the next turn executes a command that it gives', async (t) => {
    const asked: Promise<unknown>[] = []
    const group = ({ repo }: { repo: string }): string => {
      asked.push(rig.coordinator.command({ type: 'pause', target: { kind: 'b' }, by: null }))
      return repo
    }
    const rig = await aCoordinator(t, { policies: { a: { group } } })
    await rig.claim()
    const [id] = await rig.enqueue({ ...unfiled, payload: { repo: 'x' } })
    assert.deepEqual([rig.pool.running, rig.pool.started[0]?.job.group], [[id], 'x'])
    assert.deepEqual(await Promise.all(asked), [true])
    assert.deepEqual(rig.of('error'), [])
    await rig.enqueueOne({ kind: 'b' })
    assert.deepEqual(rig.pool.running, [id])
  })

  test('leads to an error event when the store refuses to file its job, which runs', async (t) => {
    const refused = new HelveError('HELVE_ERR_OPTION', 'file: it cannot take this')
    const rig = await aCoordinator(t, { policies: { a: { group: () => 'x' } } })
    const turn = rig.store.turn.bind(rig.store)
    let refusals = 1
    rig.store.turn = (given) => {
      const files = given.commands.some(({ type }) => type === 'file')
      if (!files || refusals === 0) return turn(given)
      refusals -= 1
      return turn({ ...given, commands: [] }).then((result) => ({
        ...result,
        commanded: [refused],
      }))
    }
    await rig.claim()
    const [id] = await rig.enqueue(unfiled)
    const during = 'filing jobs in their groups'
    assert.deepEqual(
      rig.of('error').map((event) => [event.during, event.error]),
      [[during, refused]],
    )
    assert.deepEqual([rig.pool.running, rig.pool.started[0]?.job.group], [[id], 'x'])
  })

  test('gives a follow-up its group before the follow-up is written', async (t) => {
    const group = ({ repo }: { repo: string }): string => repo
    const { claim, enqueueOne, pool, clock } = await aCoordinator(t, { policies: { a: { group } } })
    await claim()
    const id = await enqueueOne({ kind: 'b' })
    const followUps = [aJob({ ...unfiled, runAt: 0, payload: { repo: 'x' } })]
    pool.finish(id, completed({ followUps }))
    await clock.settle()
    assert.equal(pool.started.at(-1)?.job.group, 'x')
  })
})

describe('I12: an error after a turn has been written', () => {
  test('in a lane: the job is released, and the others of the turn start', async (t) => {
    const { claim, enqueue, pool, clock, of, row } = await aCoordinator(t)
    const start = pool.start.bind(pool)
    let fails = true
    pool.start = (job, terms) => {
      if (fails && job.kind === 'bad') throw new Error('no thread')
      start(job, terms)
    }
    const [bad, ...good] = await enqueue({ kind: 'bad' }, {}, {})
    await claim()
    assert.deepEqual(pool.running, good)
    assert.match(of('released')[0]!.reason, /could not be handed to its lane: no thread/)
    assert.deepEqual([(await row(bad!)).state, (await row(bad!)).attempts], ['queued', 0])
    fails = false
    await clock.advance(1_000)
    assert.deepEqual(pool.running, [...good, bad])
  })

  test('in the event of a run: the other events are told, and turns go on', async (t) => {
    const { claim, enqueue, enqueueOne, pool, clock, of, store } = await aCoordinator(t)
    await claim()
    const [forged, good] = await enqueue({}, {})
    pool.finish(forged!, completed({ result: 'no JSON' }))
    pool.finish(good!, completed())
    await clock.settle()
    assert.equal(of('error').length, 1)
    assert.ok(of('completed').some(({ job }) => job.id === good))
    const next = await enqueueOne()
    assert.deepEqual(pool.running, [next])
    assert.equal((await store.counts())['reindex']?.running, 1)
  })
})

test('I12: a row that cannot be settled is dead with the reason, and every lane goes on', async (t) => {
  const rig = await aCoordinator(t)
  const { claim, enqueue, pool, clock, of, row, store } = rig
  await claim()
  const [bad, good] = await enqueue({}, {})
  // The outcome is forged behind the check at the border: no store accepts NaN.
  pool.finish(bad!, failed({ retryAt: Number.NaN }))
  pool.finish(good!, completed())
  await clock.settle()
  assert.equal((await row(bad!)).state, 'dead')
  assert.match(of('dead')[0]!.error.message, /its ending could not be written/)
  assert.equal(await store.get(good!), undefined)
  const next = await rig.enqueueOne()
  assert.deepEqual(pool.running, [next])
})

testOnce('I12: damaged rows of SQLite stop no lane, also after a restart', async (t) => {
  const clock = new ManualClock()
  const sqlite = await openStore(t, { durability: 'process', clocks: clock.sources })
  const first = await aCoordinator(t, { store: sqlite, clock })
  const ids = await first.enqueue(...times(3, () => ({ dedupeKey: null })))
  first.coordinator.close()
  const { file } = sqlite
  connect(t, file).exec(`
    UPDATE helve_jobs SET errors = 'oops', overrides = '{"backoff":"oops","timeout":-1}' WHERE id = 1`)
  await sqlite.close()
  const store = await openStore(t, { file, clocks: clock.sources })
  const { claim, pool } = await aCoordinator(t, { store, clock })
  await claim()
  assert.deepEqual(pool.running, ids)
  pool.finish(1, failed())
  await clock.advance(2_000)
  assert.deepEqual(new Set(pool.running), new Set(ids))
})
