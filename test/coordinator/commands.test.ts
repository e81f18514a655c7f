import assert from 'node:assert/strict'
import { describe } from 'node:test'
import { test } from '../support/each-store.ts'
import { failed } from '../support/fake-pool.ts'
import { aJob, refusal } from '../support/jobs.ts'
import { aCoordinator, times } from '../support/coordinator/rig.ts'
import { Fate } from '../support/coordinator/turn-control.ts'

describe('a command', () => {
  test('is executed in a turn, and answered after its commit', async (t) => {
    const { coordinator, enqueueOne, turns, clock } = await aCoordinator(t)
    const id = await enqueueOne()
    const go = turns.holdAfter()
    const answer = new Fate(coordinator.command({ type: 'cancel', id, token: undefined }))
    await clock.settle()
    assert.equal(answer.is, 'pending')
    go()
    await clock.settle()
    assert.equal(typeof answer.value, 'object')
  })

  test('beside many others is executed in the same turn, in their order', async (t) => {
    const { coordinator, enqueueOne, clock, turns } = await aCoordinator(t)
    const id = await enqueueOne()
    const before = turns.turns.length
    const answers = Promise.all([
      coordinator.command({ type: 'discard', id }),
      coordinator.command({ type: 'cancel', id, token: undefined }),
      coordinator.command({ type: 'retry', id }),
      coordinator.command({ type: 'cancel', id, token: undefined }),
      coordinator.command({ type: 'discard', id }),
      coordinator.command({ type: 'discard', id }),
    ])
    await clock.settle()
    const told = (await answers).map((answer) => (typeof answer === 'object' ? 'job' : answer))
    assert.deepEqual(told, [false, 'job', true, 'job', true, false])
    assert.equal(turns.turns.length - before, 1)
  })

  test('for which a turn has no room is executed in the next one', async (t) => {
    const { coordinator, enqueue, clock, turns } = await aCoordinator(t)
    const payload = 'x'.repeat(600_000)
    const ids = await enqueue({ payload }, { payload }, { payload })
    const before = turns.turns.length
    const answers = ids.map(
      (id) => new Fate(coordinator.command({ type: 'cancel', id, token: undefined })),
    )
    await clock.settle()
    const told = answers.map(({ value }) => typeof value === 'object' && value.id)
    assert.deepEqual(told, ids)
    assert.equal(turns.turns.length - before, 2)
  })

  test('of the engine itself goes before others, and is not asked for twice', async (t) => {
    let asked = 0
    const group = (): string => {
      asked += 1
      return 'g'
    }
    const rig = await aCoordinator(t, { policies: { call: { group } } })
    await rig.claim()
    const payload = 'x'.repeat(600_000)
    const large = await rig.enqueue(...times(10, () => ({ kind: 'large', payload })))
    for (const id of large) rig.pool.finish(id, failed({ permanent: true }))
    await rig.clock.settle()
    const retries = large.map((id) => rig.coordinator.command({ type: 'retry', id }))
    const unfiled = { ...aJob({ kind: 'call', runAt: rig.clock.now() }), group: undefined }
    void rig.coordinator.enqueue(unfiled)
    await rig.clock.settle()
    await Promise.all(retries)
    assert.equal(asked, 1)
  })

  test('that is refused says why, and the others are executed', async (t) => {
    const { coordinator, enqueueOne, claim, pool, clock, row } = await aCoordinator(t)
    await claim()
    const dead = await enqueueOne({ dedupeKey: 'k' })
    pool.finish(dead, failed({ permanent: true }))
    await clock.settle()
    await enqueueOne({ dedupeKey: 'k' })
    const refused = new Fate(coordinator.command({ type: 'retry', id: dead }))
    const paused = new Fate(coordinator.command({ type: 'pause', target: { kind: 'x' }, by: null }))
    await clock.settle()
    assert.ok(refusal('HELVE_ERR_DEDUPE_KEY', 'dedupeKey')(refused.error))
    assert.equal(paused.value, true)
    assert.equal((await row(dead)).state, 'dead')
  })

  test('after `close` is refused', async (t) => {
    const { coordinator } = await aCoordinator(t)
    coordinator.close()
    const retry = coordinator.command({ type: 'retry', id: 1 })
    await assert.rejects(retry, refusal('HELVE_ERR_CLOSED'))
  })

  test('that waits at `close` is refused, and not forgotten', async (t) => {
    const { coordinator } = await aCoordinator(t)
    const retry = coordinator.command({ type: 'retry', id: 1 })
    coordinator.close()
    await assert.rejects(retry, refusal('HELVE_ERR_CLOSED'))
  })
})

test('the command `retry` lets the age of a job that died of its maxAge begin anew', async (t) => {
  const policies = { reindex: { maxAge: 1_000 } }
  const { coordinator, claim, enqueueOne, pool, clock, row } = await aCoordinator(t, { policies })
  await claim()
  const id = await enqueueOne()
  const snooze = async (): Promise<string> => {
    pool.finish(id, { type: 'snoozed', delay: 600, followUps: [], deliveries: [] })
    await clock.advance(600)
    return (await row(id)).state
  }
  assert.deepEqual([await snooze(), await snooze()], ['running', 'dead'])
  const retried = coordinator.command({ type: 'retry', id })
  await clock.settle()
  assert.equal(await retried, true)
  assert.deepEqual([await snooze(), await snooze()], ['running', 'dead'])
})

test('the jobs of a paused kind cause no turn until the kind is resumed', async (t) => {
  const { coordinator, claim, enqueue, pool, clock, turns } = await aCoordinator(t, {
    idle: 60_000,
  })
  await claim()
  void coordinator.command({ type: 'pause', target: { kind: 'a' }, by: null })
  const ids = await enqueue(...times(3, () => ({ kind: 'a' })))
  await clock.settle()
  const before = turns.turns.length
  await clock.advance(59_000)
  assert.equal(turns.turns.length - before, 0)
  void coordinator.command({ type: 'resume', target: { kind: 'a' } })
  await clock.settle()
  assert.deepEqual(pool.running, ids)
})
