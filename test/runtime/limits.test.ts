import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { newJob } from '../../src/job/submission.ts'
import { refusal } from '../support/jobs.ts'
import { MOST } from '../support/runtime/handlers.ts'
import { openHarness } from '../support/runtime/harness.ts'

describe('cancel', () => {
  test('a queued job is dead at once, and its key is free', async (t) => {
    const h = await openHarness(t)
    const { id } = await h.runtime.enqueue('echo', {}, { dedupeKey: 'k' })
    assert.equal(await h.runtime.cancel(id), true)
    const { state, attempts, errors } = (await h.runtime.get(id))!
    assert.deepEqual([state, attempts, errors[0]?.name], ['dead', 0, 'CancelledError'])
    assert.equal(h.told('cancelled', id).length, 1)
    assert.equal((await h.runtime.enqueue('echo', {}, { dedupeKey: 'k' })).deduped, false)
    assert.equal(await h.runtime.cancel(id), false)
    assert.equal(await h.runtime.cancel(12_345), false)
    await assert.rejects(h.runtime.cancel(0), refusal('HELVE_ERR_OPTION', 'id'))
  })

  test('a running job is told by its signal, and is dead unless it completes', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    h.runtime.register('untilAborted', { grace: 60_000 })
    void h.run()
    for (const then of ['throw', 'return'] as const) {
      const { id } = await h.runtime.enqueue('untilAborted', { then })
      await h.event('progress', id)
      assert.equal(await h.runtime.cancel(id), true)
      await h.event(then === 'throw' ? 'cancelled' : 'completed', id)
    }
    const { untilAborted } = await h.runtime.counts()
    assert.deepEqual(untilAborted, { queued: 0, running: 0, dead: 1 })
    const [dead] = (await h.runtime.list({ state: 'dead' })).jobs
    assert.deepEqual([dead?.attempts, dead?.crashes], [0, 0])
    assert.deepEqual(h.told('thread:down'), [])
  })

  test('I3, I11: a run that ignores its signal is killed before its key is free', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    h.runtime.register('loop', { grace: 20 })
    void h.run()
    const { id } = await h.runtime.enqueue('loop', {}, { dedupeKey: 'k' })
    await h.event('progress', id)
    await h.runtime.cancel(id)
    // The job still runs: the submission folds in, and gets a run of its own.
    assert.deepEqual(await h.runtime.enqueue('loop', {}, { dedupeKey: 'k' }), {
      ...{ id, deduped: true, state: 'running' },
    })
    await h.event('progress', id, 2)
    const downs = h.events.findIndex(({ name }) => name === 'thread:down')
    const again = h.events.findLastIndex(({ name }) => name === 'progress')
    assert.ok(downs !== -1 && downs < again, 'it ran again before its thread had stopped')
    await h.runtime.cancel(id)
    await h.event('cancelled', id, 1)
    await h.until(() => h.told('cancelled', id).length >= 1, 'the end')
    await h.drained()
    assert.deepEqual(await h.runtime.counts(), { loop: { queued: 0, running: 0, dead: 1 } })
  })
})

describe('snooze', () => {
  test('queues the job again, spends no attempt, and keeps its follow-ups', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    void h.run()
    const { id } = await h.runtime.enqueue('naps', { cell: 1, naps: 3, ms: 5 })
    const { result, job } = await h.event('completed', id)
    assert.deepEqual([result, job.attempt], [1, 1])
    assert.equal(h.told('snoozed', id).length, 3)
    await h.drained()
    assert.equal(h.told('completed').filter((one) => one.job.kind === 'echo').length, 4)
  })

  test('makes a job dead beyond its maxAge', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    h.runtime.register('naps', { maxAge: 1_000 })
    void h.run()
    const { id } = await h.runtime.enqueue('naps', { cell: 1, naps: 3, ms: 5_000 })
    const { error } = await h.event('dead', id)
    assert.equal(error.name, 'MaxAgeError')
  })
})

describe('pause', () => {
  test('survives a restart, and lets running jobs go on', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    const run = h.run()
    const held = await h.hold(1)
    assert.equal(await h.runtime.pause({ kind: 'hold' }, { by: 'on-call' }), true)
    assert.equal(await h.runtime.pause({ kind: 'hold' }), false)
    const waiting = await h.runtime.enqueue('hold', { cell: 1 })
    const other = await h.runtime.enqueue('echo')
    await h.event('completed', other.id)
    assert.match(
      (await h.runtime.explain(waiting.id))!.reason,
      /^kind hold has been paused since .* by on-call$/,
    )
    h.release(1)
    await h.event('completed', held)
    await h.runtime.stop()
    await run

    const next = await openHarness(t, { file: h.store.file })
    next.release(1)
    void next.run()
    await next.event('completed', (await next.runtime.enqueue('echo')).id)
    assert.equal(next.told('started', waiting.id).length, 0)
    assert.deepEqual(
      (await next.runtime.pauses()).map(({ kind, by }) => [kind, by]),
      [['hold', 'on-call']],
    )
    assert.equal(await next.runtime.resume({ kind: 'hold' }), true)
    await next.event('completed', waiting.id)
    assert.equal(await next.runtime.resume({ kind: 'hold' }), false)
  })

  const bad: [what: string, target: never, named: string][] = [
    ['no target', {} as never, 'kind'],
    ['a lane that is not there', { lane: 'oi' } as never, 'target.lane'],
    ['a lane and a kind', { lane: 'default', kind: 'a' } as never, 'target'],
    ['an empty group', { kind: 'a', group: '' } as never, 'group'],
  ]
  for (const [what, target, named] of bad) {
    test(`I10: refuses ${what}`, async (t) => {
      const h = await openHarness(t)
      await assert.rejects(h.runtime.pause(target), (error) => {
        assert.ok(error instanceof Error && error.message.includes(named), String(error))
        return true
      })
      assert.deepEqual(await h.runtime.pauses(), [])
    })
  }
})

describe('I7: a lane with several kinds', () => {
  test('lets one kind take all threads, and starts another kind on the spare', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    void h.run()
    await h.hold(1)
    await h.hold(1)
    const third = await h.runtime.enqueue('hold', { cell: 1 })
    for (let n = 0; n < 5; n++) {
      const echo = await h.runtime.enqueue('echo', { n })
      await h.event('completed', echo.id)
    }
    assert.equal(h.told('started', third.id).length, 0)
    assert.equal((await h.runtime.explain(third.id))?.code, 'behind')
    h.release(1)
    await h.event('completed', third.id)
  })

  test('of one thread lets another kind start, too', async (t) => {
    const h = await openHarness(t, { threads: 1 })
    void h.run()
    await h.hold(1)
    const { id } = await h.runtime.enqueue('echo')
    await h.event('completed', id)
    assert.deepEqual(h.told('lane:narrow'), [])
    h.release(1)
  })

  test('whose slots are all taken by one kind starts another kind in its reserve', async (t) => {
    const io = { threads: 1, concurrency: 3 }
    const h = await openHarness(t, { lanes: { default: { threads: 1 }, io } })
    for (const kind of ['hold', 'echo'] as const) h.runtime.register(kind, { lane: 'io' })
    void h.run()
    for (let n = 0; n < 3; n++) await h.hold(1)
    const fourth = await h.runtime.enqueue('hold', { cell: 1 })
    const { id } = await h.runtime.enqueue('echo')
    await h.event('completed', id)
    assert.equal(h.told('started', fourth.id).length, 0)
    h.release(1)
    await h.event('completed', fourth.id)
  })

  test('without a spare is first come, first served; an event tells of one slot', async (t) => {
    const lanes = { default: { threads: 1, spare: false } }
    const h = await openHarness(t, { lanes })
    h.runtime.register('echo', {})
    h.runtime.register('hold', {})
    void h.run()
    const { lane, kinds } = await h.event('lane:narrow')
    assert.deepEqual([lane, kinds], ['default', ['echo', 'hold']])
    await h.hold(1)
    const { id } = await h.runtime.enqueue('echo')
    assert.equal((await h.runtime.explain(id))?.code, 'behind')
    assert.equal(h.told('started', id).length, 0)
    h.release(1)
    await h.event('completed', id)
    assert.equal(h.told('thread:up').length, 1)
  })
})

test('groups: one job of each at a time, also of jobs enqueued without a runtime', async (t) => {
  const h = await openHarness(t, { threads: 4 })
  h.runtime.register('keyed', {
    group: ({ key }: { key: number }) => `g${key}`,
    backoff: { delay: 1 },
  })
  const all = Array.from({ length: 60 }, (_, n) => ({ key: n % 3, n }))
  await h.runtime.enqueueMany(all.slice(30).map((payload) => ({ kind: 'keyed' as const, payload })))
  // Enqueued past the runtime, where nobody knows the group.
  for (const payload of all.slice(0, 30))
    await h.store.enqueue(newJob('keyed', payload, {}, { now: 1, wall: 1 }), 1)
  void h.run()
  await h.drained()
  assert.equal(new Set(h.told('completed').map(({ job }) => job.id)).size, 60)
  for (const key of [0, 1, 2]) assert.equal(Atomics.load(h.cells, MOST + key), 1)
})

test('runOnce runs a job whose group was not known when it was enqueued', async (t) => {
  const h = await openHarness(t)
  h.runtime.register('echo', { group: () => 'one' })
  await h.store.enqueue(newJob('echo', {}, {}, { now: 1, wall: 1 }), 1)
  assert.equal(await h.runtime.runOnce(), true)
  assert.equal(await h.runtime.runOnce(), false)
})

test('cancel reaches a job whose kind has been given another lane meanwhile', async (t) => {
  const lanes = { default: { threads: 1 }, other: { threads: 1 } }
  const h = await openHarness(t, { lanes })
  h.runtime.register('untilAborted', { grace: 60_000 })
  void h.run()
  const { id } = await h.runtime.enqueue('untilAborted', { then: 'throw' })
  await h.event('progress', id)
  h.runtime.register('untilAborted', { lane: 'other' })
  assert.equal(await h.runtime.cancel(id), true)
  await h.event('cancelled', id)
})
