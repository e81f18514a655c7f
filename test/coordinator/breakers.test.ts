import assert from 'node:assert/strict'
import { describe, type TestContext } from 'node:test'
import { DEFAULT_BREAKER } from '../../src/job/breaker.ts'
import type { Policy } from '../../src/job/policy.ts'
import { reopen, test } from '../support/each-store.ts'
import { completed, failed } from '../support/fake-pool.ts'
import { aJob } from '../support/jobs.ts'
import { aCoordinator, type Rig } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

const PAUSE = 30_000
const TRIP = { delay: 3_600_000, reason: 'Retry-After' }
/** A follow-up whose dedupe key a job of another kind holds. */
const REFUSED = aJob({ kind: 'other', runAt: 0, dedupeKey: 'taken' })

/** A coordinator that claims jobs of the kind `call`. */
async function calling(t: TestContext, over: Partial<Policy> = {}): Promise<Rig> {
  const rig = await aCoordinator(t, {
    lanes: { default: 10 },
    policies: {
      call: {
        groupConcurrency: 4,
        breaker: { ...DEFAULT_BREAKER, failures: 3 },
        backoff: { type: 'fixed', delay: 1_000, jitter: 0 },
        maxAttempts: 100,
        ...over,
      },
    },
  })
  await rig.claim()
  return rig
}

const calls = (rig: Rig, ...groups: string[]) =>
  rig.enqueue(...groups.map((group) => ({ kind: 'call', group })))

/** Runs jobs of group `a` and lets them fail, so that the breaker of the group opens. */
async function open(rig: Rig): Promise<number[]> {
  const ids = await calls(rig, 'a', 'a', 'a')
  for (const id of ids) rig.pool.finish(id, failed())
  await rig.clock.settle()
  return ids
}

describe('the breaker of a group', () => {
  test('opens after 3 failed runs in a row, and no job of the group starts', async (t) => {
    const rig = await calling(t)
    await open(rig)
    assert.equal(rig.of('breaker:open').length, 1)
    assert.equal(rig.of('breaker:open')[0]!.breaker.failures, 3)
    await calls(rig, 'a')
    await rig.clock.advance(PAUSE - 1)
    assert.deepEqual(rig.pool.running, [])
  })

  test('leaves other groups alone', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const [other] = await calls(rig, 'b')
    assert.deepEqual(rig.pool.running, [other])
  })

  test('lets one job try the group: the job that has been due for longest', async (t) => {
    const rig = await calling(t)
    const ids = await open(rig)
    const [waiting] = await calls(rig, 'a')
    await rig.clock.advance(PAUSE)
    assert.deepEqual(rig.pool.running, [waiting])
    assert.equal((await rig.row(waiting!)).attempts, 1)
    assert.deepEqual((await rig.row(ids[0]!)).attempts, 1)
  })

  test('costs the waiting jobs no attempt', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const waiting = await calls(rig, 'a', 'a', 'a')
    await rig.clock.advance(PAUSE / 2)
    for (const id of waiting) assert.equal((await rig.row(id)).attempts, 0)
  })

  test('is open for twice as long after a trial that fails', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const [waiting] = await calls(rig, 'a')
    await rig.clock.advance(PAUSE)
    rig.pool.finish(waiting!, failed())
    await rig.clock.settle()
    const [first, second] = rig.of('breaker:open')
    assert.equal(second!.breaker.trips, first!.breaker.trips + 1)
    assert.equal(second!.breaker.failures, 4)
    await rig.clock.advance(2 * PAUSE - 1)
    assert.deepEqual(rig.pool.running, [])
    await rig.clock.advance(1)
    assert.equal(rig.pool.running.length, 1)
  })

  test('lets twice as many jobs run after each run that completes, and then closes', async (t) => {
    const rig = await calling(t)
    await open(rig)
    await calls(rig, ...Array.from({ length: 10 }, () => 'a'))
    await rig.clock.advance(PAUSE)
    const running: number[] = []
    for (let round = 0; round < 3; round += 1) {
      running.push(rig.pool.running.length)
      rig.pool.finish(rig.pool.running[0]!)
      await rig.clock.settle()
    }
    assert.deepEqual(running, [1, 2, 4])
    assert.deepEqual(rig.of('breaker:closed'), [{ kind: 'call', group: 'a' }])
    assert.deepEqual(await rig.store.breakers(), [])
    assert.equal(rig.pool.running.length, 4)
  })

  test('opens by the share of failed runs, although some runs complete in between', async (t) => {
    const rig = await calling(t, {
      breaker: { ...DEFAULT_BREAKER, failures: 100, ratio: 0.5, runs: 4 },
    })
    const ids = await calls(rig, 'a', 'a', 'a', 'a')
    const outcomes = [failed(), completed(), failed(), failed()]
    for (const [i, id] of ids.entries()) rig.pool.finish(id, outcomes[i])
    await rig.clock.settle()
    assert.equal(rig.of('breaker:open').length, 1)
  })

  test('stays closed when a completed run interrupts the failed runs', async (t) => {
    const rig = await calling(t)
    const ids = await calls(rig, 'a', 'a', 'a', 'a')
    const outcomes = [failed(), failed(), completed(), failed()]
    for (const [i, id] of ids.entries()) rig.pool.finish(id, outcomes[i])
    await rig.clock.settle()
    assert.deepEqual(rig.of('breaker:open'), [])
  })

  test('opens for as long as a handler says, also for a kind without the option', async (t) => {
    const rig = await calling(t, { breaker: undefined })
    const trip = { delay: 5_000, reason: 'Retry-After of 5 s' }
    const [first] = await calls(rig, 'a')
    rig.pool.finish(first!, failed({ trip }))
    await rig.clock.settle()
    const [next] = await calls(rig, 'a')
    await rig.clock.advance(4_999)
    assert.deepEqual(rig.pool.running, [])
    await rig.clock.advance(1)
    assert.equal(rig.pool.running.length, 1)
    assert.equal((await rig.row(next!)).attempts + (await rig.row(first!)).attempts, 2)
  })

  test('opens by the trip of one run although the follow-up of another run is refused', async (t) => {
    const rig = await calling(t)
    await rig.enqueue({ kind: 'holder', dedupeKey: 'taken' })
    const [refused, trips] = await calls(rig, 'a', 'a')
    rig.pool.finish(trips!, failed({ trip: TRIP }))
    rig.pool.finish(refused!, completed({ followUps: [REFUSED] }))
    await rig.clock.settle()
    assert.equal((await rig.store.breakers()).length, 1)
    await calls(rig, 'a', 'a')
    assert.deepEqual(rig.pool.running.length, 1, 'the holder of the key')
  })

  test('opens by a run whose follow-up is refused, once the failure of the run is written', async (t) => {
    const rig = await calling(t)
    await rig.enqueue({ kind: 'holder', dedupeKey: 'taken' })
    const [id] = await calls(rig, 'a')
    rig.pool.finish(id!, completed({ trip: TRIP, followUps: [REFUSED] }))
    await rig.clock.settle()
    assert.deepEqual([rig.of('retrying').length, rig.of('breaker:open').length], [1, 1])
  })

  test('a run that began before the breaker opened neither opens it again nor takes room', async (t) => {
    const rig = await calling(t)
    const ids = await calls(rig, 'a', 'a', 'a', 'a')
    for (const id of ids.slice(0, 3)) rig.pool.finish(id, failed())
    await rig.clock.settle()
    await rig.clock.advance(PAUSE)
    const trial = rig.pool.running.filter((id) => id !== ids[3])
    assert.equal(trial.length, 1)
    rig.pool.finish(ids[3]!, failed())
    await rig.clock.settle()
    assert.equal(rig.of('breaker:open').length, 1)
    assert.deepEqual(rig.pool.running, trial)
  })

  test('does not open by a trip of 0 ms', async (t) => {
    const rig = await calling(t)
    const [id] = await calls(rig, 'a')
    rig.pool.finish(id!, completed({ trip: { delay: 0, reason: 'x' } }))
    await rig.clock.settle()
    assert.deepEqual(await rig.store.breakers(), [])
  })

  test('stays open when the turn of the command that closes it fails', async (t) => {
    const rig = await calling(t)
    await open(rig)
    rig.turns.fails = ({ commands }) =>
      commands.length > 0 ? new Error('disk on fire') : undefined
    const command = { type: 'closeBreaker', kind: 'call', group: 'a' } as const
    const closing = new Fate(rig.coordinator.command(command))
    await rig.clock.settle()
    assert.equal((closing.error as Error).message, 'disk on fire')
    rig.turns.fails = () => undefined
    await rig.clock.advance(1_000)
    await calls(rig, 'a')
    await rig.clock.advance(PAUSE - 2_000)
    assert.deepEqual(rig.pool.running, [])
  })

  test('opens by counted failures although 10,000 other groups are held back', async (t) => {
    const rig = await calling(t)
    const groups = Array.from({ length: 10_000 }, (_, n) => `held ${n}`)
    const about = { kind: 'call', since: 1, opened: 1, until: 1, room: 1, trips: 1, reason: '' }
    rig.coordinator.load(groups.map((group) => ({ ...about, group, failures: 3 })))
    await open(rig)
    assert.equal(rig.of('breaker:open').length, 1)
  })

  test('holds the group back after a restart too', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const kept = await rig.store.breakers()
    assert.equal(kept.length, 1)
    rig.coordinator.close()
    const store = await reopen(t, rig.store, rig.clock)
    assert.deepEqual(await store.breakers(), kept)
    const next = await aCoordinator(t, { store, clock: rig.clock, lanes: { default: 10 } })
    next.coordinator.load(await store.breakers())
    await next.claim()
    await calls(next, 'a')
    await next.clock.advance(PAUSE - 1)
    assert.deepEqual(next.pool.running, [])
    await next.clock.advance(1)
    assert.equal(next.pool.running.length, 1)
  })

  test('closes by a command, and its jobs start at once', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const [waiting] = await calls(rig, 'a')
    assert.deepEqual(rig.pool.running, [])
    const command = { type: 'closeBreaker', kind: 'call', group: 'a' } as const
    const answer = rig.coordinator.command(command)
    await rig.clock.settle()
    assert.equal(await answer, true)
    assert.deepEqual(rig.pool.running, [waiting])
    const again = rig.coordinator.command(command)
    await rig.clock.settle()
    assert.equal(await again, false)
  })

  test('does not open when its turn fails, and opens when a later turn succeeds', async (t) => {
    const rig = await calling(t)
    const ids = await calls(rig, 'a', 'a', 'a')
    rig.turns.fails = ({ settles }) => (settles.length > 0 ? new Error('disk on fire') : undefined)
    for (const id of ids) rig.pool.finish(id, failed())
    await rig.clock.settle()
    assert.deepEqual(rig.of('breaker:open'), [])
    rig.turns.fails = () => undefined
    await rig.clock.advance(1_000)
    assert.equal(rig.of('breaker:open')[0]?.breaker.failures, 3)
  })

  test('is the reason that explain gives for a job of the group', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const [waiting] = await calls(rig, 'a')
    const why = await rig.coordinator.explain(waiting!)
    assert.equal(why?.code, 'breaker')
    assert.match(
      why?.reason ?? '',
      /^its group "a" has failed 3 times in a row \(.*\): one job tries it at /,
    )
  })
})
