import assert from 'node:assert/strict'
import { describe, type TestContext } from 'node:test'
import { DEFAULT_BREAKER } from '../../src/job/breaker.ts'
import type { Held } from '../../src/job/endpoint.ts'
import type { Outcome } from '../../src/job/outcome.ts'
import type { Policy } from '../../src/job/policy.ts'
import { reopen, test, type TestStore } from '../support/each-store.ts'
import { completed, failed } from '../support/fake-pool.ts'
import type { ManualClock } from '../support/manual-clock.ts'
import { aCoordinator, times, type Rig } from '../support/coordinator/rig.ts'

const PAUSE = 30_000
const PATIENCE = 250
const HOLD = 1_000
const ENDPOINT = 'https://ci.example.com'
const GROUP = `endpoint ${ENDPOINT}`

/** A coordinator that claims jobs of the kind `call`. */
async function calling(
  t: TestContext,
  over: Partial<Policy> = {},
  before: { store?: TestStore; clock?: ManualClock } = {},
): Promise<Rig> {
  const rig = await aCoordinator(t, {
    ...before,
    lanes: { default: 20 },
    policies: {
      call: {
        groupConcurrency: 2,
        endpointConcurrency: 8,
        breaker: { ...DEFAULT_BREAKER, failures: 3 },
        backoff: { type: 'fixed', delay: 1_000_000, jitter: 0 },
        ...over,
      },
    },
  })
  rig.coordinator.load(await rig.store.breakers())
  await rig.claim()
  return rig
}

const calls = (rig: Rig, ...groups: (string | null)[]): Promise<number[]> =>
  rig.enqueue(...groups.map((group) => ({ kind: 'call', group })))

const unreachable = (): Outcome => failed({ unreachable: true })

/** The run of a job wants to enter the endpoint. */
function entering(rig: Rig, id: number, endpoint = ENDPOINT) {
  const { job } = rig.pool.started.findLast((one) => one.job.id === id)!
  const state: { answer?: Held | 'inside'; error?: unknown } = {}
  rig.coordinator.enterEndpoint(job, endpoint).then(
    (held) => (state.answer = held ?? 'inside'),
    (error: unknown) => (state.error = error),
  )
  return state
}

async function enter(rig: Rig, ids: number[]): Promise<(Held | 'inside' | undefined)[]> {
  const states = ids.map((id) => entering(rig, id))
  await rig.clock.settle()
  return states.map(({ answer }) => answer)
}

async function finish(rig: Rig, ids: number[], outcome: () => Outcome): Promise<void> {
  for (const id of ids) rig.pool.finish(id, outcome())
  await rig.clock.settle()
}

/** What a pool tells of a run that lets the rejection of `enterEndpoint` pass. */
const held = (trip: Held | 'inside' | undefined): Outcome => {
  assert.ok(typeof trip === 'object')
  return { type: 'held', deliveries: [], trip }
}

/** Three groups cannot reach the endpoint, whose breaker opens. */
async function open(rig: Rig): Promise<void> {
  const ids = await calls(rig, 'x', 'y', 'z')
  await enter(rig, ids)
  await finish(rig, ids, unreachable)
}

describe('an endpoint', () => {
  test('takes 8 runs in over all groups; one more waits for the first place', async (t) => {
    const rig = await calling(t)
    const ids = await calls(rig, ...times(9, (n) => `group ${n % 5}`))
    assert.deepEqual(
      await enter(rig, ids.slice(0, 8)),
      times(8, () => 'inside'),
    )
    const late = entering(rig, ids[8]!)
    await rig.clock.advance(PATIENCE - 1)
    assert.equal(late.answer, undefined)
    await finish(rig, [ids[3]!], completed)
    assert.equal(late.answer, 'inside')
  })

  test('keeps a run out that has found no place for 250 ms', async (t) => {
    const rig = await calling(t, { endpointConcurrency: 1 })
    const ids = await calls(rig, 'a', 'b')
    const [, late] = ids.map((id) => entering(rig, id))
    await rig.clock.advance(PATIENCE)
    assert.deepEqual(late!.answer, { delay: HOLD, reason: `1 run is in endpoint ${ENDPOINT}` })
  })

  test('gives places in the order of the runs that wait', async (t) => {
    const rig = await calling(t, { endpointConcurrency: 1 })
    const ids = await calls(rig, 'a', 'b', 'c')
    const [, second, third] = ids.map((id) => entering(rig, id))
    await finish(rig, [ids[0]!], completed)
    assert.deepEqual([second!.answer, third!.answer], ['inside', undefined])
    await finish(rig, [ids[1]!], completed)
    assert.equal(third!.answer, 'inside')
  })

  const ends: Outcome[] = [
    ...[completed(), failed(), failed({ unreachable: true, permanent: true })],
    ...[{ type: 'timedOut', timeout: 5 } as const, { type: 'lost', reason: 'x' } as const],
    { type: 'released', reason: 'x' },
    { type: 'snoozed', delay: 1_000_000, followUps: [], deliveries: [] },
  ]
  for (const outcome of ends) {
    test(`gets its place back from a run that is over: ${JSON.stringify(outcome)}`, async (t) => {
      const rig = await calling(t, { endpointConcurrency: 1 })
      const [id] = await calls(rig, 'a')
      assert.deepEqual(await enter(rig, [id!]), ['inside'])
      await finish(rig, [id!], () => outcome)
      const [next] = await calls(rig, 'b')
      assert.deepEqual(await enter(rig, [next!]), ['inside'])
    })
  }

  test('is left by a run that is cancelled, also while the run waits', async (t) => {
    const rig = await calling(t, { endpointConcurrency: 1 })
    const ids = await calls(rig, 'a', 'b', 'c')
    const states = ids.map((id) => entering(rig, id))
    for (const id of ids.slice(0, 2).toReversed()) {
      await rig.cancel(id)
      await finish(rig, [id], () => ({ type: 'released', reason: 'cancelled' }))
    }
    assert.equal(states[2]!.answer, 'inside')
  })

  test('is entered once by a run, however often the run asks', async (t) => {
    const rig = await calling(t, { endpointConcurrency: 1 })
    const ids = await calls(rig, 'a', 'b')
    assert.deepEqual(await enter(rig, [ids[0]!, ids[0]!]), ['inside', 'inside'])
    const [first, second] = [entering(rig, ids[1]!), entering(rig, ids[1]!)]
    await rig.clock.advance(PATIENCE)
    assert.equal((first.answer as Held).delay, HOLD)
    assert.deepEqual(second.answer, first.answer)
    const other = entering(rig, ids[0]!, 'https://other.example.com')
    await rig.clock.settle()
    assert.match(String(other.error), /^HelveError: endpoint: expected https:\/\/ci\.example\.com/)
    await finish(rig, [ids[0]!], completed)
    assert.deepEqual(await enter(rig, [ids[1]!]), ['inside'])
  })

  test('is closed to a run that is over', async (t) => {
    const rig = await calling(t)
    const [id] = await calls(rig, 'a')
    await finish(rig, [id!], completed)
    const late = entering(rig, id!)
    await rig.clock.settle()
    assert.equal((late.error as { code: string }).code, 'HELVE_ERR_CLOSED')
  })

  test('of one kind is not that of another kind', async (t) => {
    const rig = await calling(t, { endpointConcurrency: 1 })
    const ids = [...(await calls(rig, 'a')), await rig.enqueueOne({ kind: 'other' })]
    assert.deepEqual(await enter(rig, ids), ['inside', 'inside'])
  })
})

describe('the breaker of an endpoint', () => {
  test('opens after 3 failures in a row of any groups, whose own breakers stay closed', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const breakers = await rig.store.breakers()
    assert.deepEqual(
      breakers.map(({ group, failures }) => [group, failures]),
      [[GROUP, 3]],
    )
    assert.deepEqual(
      rig.of('breaker:open').map(({ breaker }) => breaker.group),
      [GROUP],
    )
  })

  test('holds back every group, at no attempt, until one run may try the endpoint', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const [first, second] = await calls(rig, 'a', 'a')
    const [answer] = await enter(rig, [first!])
    assert.deepEqual(answer, {
      delay: PAUSE,
      reason: `endpoint ${ENDPOINT} has failed 3 times in a row: Error: disk on fire`,
    })
    rig.pool.finish(second!, held((await enter(rig, [second!]))[0]))
    await finish(rig, [first!], () => held(answer))
    await calls(rig, 'a')
    await rig.clock.advance(PAUSE - 1)
    assert.deepEqual(rig.pool.running, [])
    assert.equal((await rig.row(first!)).attempts, 0)
    await rig.clock.advance(1)
    assert.deepEqual(rig.pool.running, [first], 'the oldest job')
    assert.deepEqual(await enter(rig, [first!]), ['inside'])
  })

  test('is what explain tells of a job that waits', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const [id] = await calls(rig, 'a')
    const [answer] = await enter(rig, [id!])
    await finish(rig, [id!], () => held(answer))
    const why = await rig.coordinator.explain(id!)
    assert.match(
      why!.reason,
      /^its group "a" .*\(endpoint https:\/\/ci\.example\.com has failed 3 times in a row: .*\): one job tries it at /,
    )
  })

  test('lets one run in after its pause, and opens for twice as long when that run fails', async (t) => {
    const rig = await calling(t)
    await open(rig)
    await rig.clock.advance(PAUSE)
    const ids = await calls(rig, 'a', 'b', 'c')
    const states = ids.map((id) => entering(rig, id))
    await rig.clock.advance(PATIENCE)
    const [probe, ...others] = states.map(({ answer }) => answer)
    assert.equal(probe, 'inside')
    for (const answer of others) assert.equal((answer as Held).delay, HOLD)
    await finish(rig, [ids[0]!], unreachable)
    const [again] = await calls(rig, 'd')
    const [answer] = await enter(rig, [again!])
    assert.equal((answer as Held).delay, 2 * PAUSE)
  })

  test('keeps out the runs that wait while it opens', async (t) => {
    const rig = await calling(t, { endpointConcurrency: 3 })
    const ids = await calls(rig, 'a', 'b', 'c', 'd')
    const states = ids.map((id) => entering(rig, id))
    await finish(rig, ids.slice(0, 3), unreachable)
    assert.equal((states[3]!.answer as Held).delay, PAUSE)
  })

  test('lets twice as many in after each run that has reached the endpoint, then closes', async (t) => {
    const rig = await calling(t, { endpointConcurrency: 4, groupConcurrency: 1 })
    await open(rig)
    await rig.clock.advance(PAUSE)
    const inside: number[] = []
    for (let round = 0; round < 4; round += 1) {
      const ids = await calls(rig, ...times(4, (n) => `${round} ${n}`))
      const states = ids.map((id) => entering(rig, id))
      await rig.clock.advance(PATIENCE)
      const entered = ids.filter((_, i) => states[i]!.answer === 'inside')
      inside.push(entered.length)
      // One run shows that the endpoint answers; the other runs are over without a word.
      rig.pool.finish(entered[0]!, round % 2 === 0 ? completed() : failed())
      for (const id of rig.pool.running) rig.pool.finish(id, { type: 'released', reason: 'x' })
      rig.coordinator.pause()
      await rig.clock.settle()
      for (const id of ids.slice(1)) await rig.cancel(id)
      await rig.claim()
    }
    assert.deepEqual(inside, [1, 2, 4, 4])
    const closed = rig.of('breaker:closed').filter(({ group }) => group === GROUP)
    assert.deepEqual(closed, [{ kind: 'call', group: GROUP }])
  })

  test('stays closed by failures that have reached the endpoint', async (t) => {
    const rig = await calling(t)
    const ids = await calls(rig, 'a', 'b', 'c', 'd')
    await enter(rig, ids)
    await finish(rig, ids, failed)
    assert.deepEqual(rig.of('breaker:open'), [])
  })

  test('stays closed for a kind without the option', async (t) => {
    const rig = await calling(t, { breaker: undefined })
    await open(rig)
    const [id] = await calls(rig, 'a')
    assert.deepEqual(await enter(rig, [id!]), ['inside'])
  })

  test('does not open by a failure that the store has not written', async (t) => {
    const rig = await calling(t)
    const ids = await calls(rig, 'x', 'y', 'z')
    await enter(rig, ids)
    rig.turns.fails = ({ settles }) => (settles.length > 0 ? new Error('disk on fire') : undefined)
    await finish(rig, ids, unreachable)
    assert.deepEqual(rig.of('breaker:open'), [])
    rig.turns.fails = () => undefined
    await rig.clock.advance(1_000)
    assert.equal(rig.of('breaker:open').length, 1)
  })

  test('is open after a restart too, and closes by a command', async (t) => {
    const rig = await calling(t)
    await open(rig)
    rig.coordinator.close()
    const store = await reopen(t, rig.store, rig.clock)
    const next = await calling(t, {}, { store, clock: rig.clock })
    const ids = await calls(next, 'a', 'b')
    const [answer] = await enter(next, [ids[0]!])
    assert.equal((answer as Held).delay, PAUSE)
    const command = { type: 'closeBreaker', kind: 'call', group: GROUP } as const
    const closing = next.coordinator.command(command)
    await next.clock.settle()
    assert.equal(await closing, true)
    assert.deepEqual(await enter(next, [ids[1]!]), ['inside'])
  })

  test('delays a job without a group', async (t) => {
    const rig = await calling(t)
    await open(rig)
    const [id] = await calls(rig, null)
    const [answer] = await enter(rig, [id!])
    await finish(rig, [id!], () => held(answer))
    await rig.clock.advance(PAUSE - 1)
    assert.deepEqual(rig.pool.running, [])
    await rig.clock.advance(1)
    assert.deepEqual(rig.pool.running, [id])
  })
})
