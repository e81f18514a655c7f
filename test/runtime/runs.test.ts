import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Handler, RecordedError } from '../../src/index.ts'
import { refusal } from '../support/jobs.ts'
import { Harness, openHarness } from '../support/runtime/harness.ts'

const AT_ONCE = { delay: 0, jitter: 0 }

describe('a job, from its submission to its end', () => {
  let h: Harness
  before(async () => {
    h = await Harness.open({ threads: 2 })
    h.runtime.register('flaky', { backoff: AT_ONCE, maxAttempts: 3 })
    h.runtime.register('later', { backoff: AT_ONCE })
    void h.run()
  })
  after(() => h.close())

  test('completes with a result, and leaves no row', async () => {
    const { id, deduped } = await h.runtime.enqueue('echo', { n: 5 })
    assert.equal(deduped, false)
    const { result, rerun, durationMs, job } = await h.event('completed', id)
    assert.deepEqual([result, rerun], [5, false])
    assert.ok(durationMs >= 0)
    assert.deepEqual({ ...job }, { id, kind: 'echo', dedupeKey: null, attempt: 1 })
    assert.equal(await h.runtime.get(id), undefined)
  })

  test('a run that fails is retried, and its follow-ups are dropped', async () => {
    const { id } = await h.runtime.enqueue('flaky', { fails: 2 })
    assert.equal((await h.event('completed', id)).result, 3)
    const failures = h.told('retrying', id).map(({ error, job }) => [error.message, job.attempt])
    assert.deepEqual(failures, [
      ['attempt 1', 1],
      ['attempt 2', 2],
    ])
    const followUps = h.told('enqueued').filter(({ dedupeKey }) => dedupeKey === `of ${id}`)
    assert.equal(followUps.length, 1)
    assert.equal((await h.event('completed', followUps[0]!.id)).result, 3)
  })

  test('I2: a job out of attempts is dead, and keeps the error of each attempt', async () => {
    const { id } = await h.runtime.enqueue('flaky', { fails: 9 })
    const { error } = await h.event('dead', id)
    assert.deepEqual([error.name, error.message], ['RangeError', 'attempt 3'])
    const record = await h.runtime.get(id)
    assert.deepEqual([record?.state, record?.attempts, record?.crashes], ['dead', 3, 0])
    assert.deepEqual(
      record?.errors.map(({ message, attempt }) => [message, attempt]),
      [
        ['attempt 1', 1],
        ['attempt 2', 2],
        ['attempt 3', 3],
      ],
    )
    assert.equal(h.told('enqueued').filter((e) => e.dedupeKey === `of ${id}`).length, 0)
  })

  test('a job may set its own number of attempts', async () => {
    const { id } = await h.runtime.enqueue('flaky', { fails: 9 }, { maxAttempts: 1 })
    assert.equal((await h.event('dead', id)).job.attempt, 1)
  })

  test('PermanentError makes a job dead at once', async () => {
    const { id } = await h.runtime.enqueue('permanent')
    const { error, job } = await h.event('dead', id)
    assert.deepEqual([error.name, error.message], ['PermanentError', `no repo_pk in job ${id}`])
    assert.equal(job.attempt, 1)
  })

  test('a failure keeps its cause and its fields', async () => {
    h.runtime.register('unreachable', { maxAttempts: 1 })
    const { id } = await h.runtime.enqueue('unreachable')
    const { error } = await h.event('dead', id)
    assert.deepEqual([error.fields, error.cause?.code], [{ repo: 7 }, 'ENOTFOUND'])
    const [{ at, attempt, ...recorded }] = (await h.runtime.get(id))!.errors as [RecordedError]
    assert.deepEqual(recorded, error)
    const { reason } = (await h.runtime.explain(id))!
    const text = 'TypeError: fetch failed, caused by Error: getaddrinfo ENOTFOUND'
    assert.equal(reason.slice(reason.indexOf('Z: ') + 3), text)
    assert.ok(at > 0 && attempt === 1)
  })

  test('RetryAfterError sets the moment of the retry, and spends the attempt', async () => {
    for (const ms of [20, 12.5]) {
      const { id } = await h.runtime.enqueue('later', { ms })
      const { runAt } = await h.event('retrying', id)
      assert.equal((await h.event('completed', id)).result, 2)
      assert.ok(runAt <= Date.now())
    }
  })

  test('a kind that nobody handles is dead at once', async () => {
    const { id } = await h.runtime.enqueue('nobody' as 'echo')
    assert.equal((await h.event('dead', id)).error.message, 'no handler for kind nobody')
    assert.equal((await h.runtime.get(id))?.state, 'dead')
  })

  test('the end of its thread costs a job a crash, and the third crash makes it dead', async () => {
    const { id } = await h.runtime.enqueue('exit')
    const { error } = await h.event('dead', id)
    assert.match(error.message, /code 7/)
    assert.deepEqual(
      h.told('lost', id).map(({ crashes }) => crashes),
      [1, 2],
    )
    const record = await h.runtime.get(id)
    assert.deepEqual([record?.attempts, record?.crashes], [0, 3])
  })

  test('a dead job is retried with all its attempts, or discarded', async () => {
    const { id } = await h.runtime.enqueue('flaky', { fails: 3 })
    await h.event('dead', id)
    assert.equal(await h.runtime.retry(id), true)
    await h.event('dead', id, 2)
    assert.equal(h.told('started', id).length, 6)
    assert.equal(await h.runtime.discard(id), true)
    assert.equal(await h.runtime.get(id), undefined)
    assert.equal(await h.runtime.discard(id), false)
    assert.equal(await h.runtime.retry(id), false)
  })

  test('a dead job whose key a newer one holds stays dead', async () => {
    const { id } = await h.runtime.enqueue('permanent', {}, { dedupeKey: 'key' })
    await h.event('dead', id)
    const newer = await h.runtime.enqueue('permanent', {}, { dedupeKey: 'key', delay: 60_000 })
    assert.equal(newer.deduped, false)
    await assert.rejects(h.runtime.retry(id), refusal('HELVE_ERR_DEDUPE_KEY', 'key'))
    assert.equal((await h.runtime.get(id))?.state, 'dead')
  })

  test('of many jobs enqueued at once, each runs once', async () => {
    const submissions = Array.from({ length: 300 }, (_, n) => ({
      kind: 'echo' as const,
      payload: { n },
    }))
    const results = await h.runtime.enqueueMany(submissions)
    const ids = new Set(results.map(({ id }) => id))
    assert.equal(ids.size, 300)
    for (const [n, { id }] of results.entries()) {
      assert.equal((await h.event('completed', id)).result, n)
    }
    const ended = h.told('completed').filter(({ job }) => ids.has(job.id))
    assert.equal(ended.length, 300)
  })
})

describe('functions on the main thread', () => {
  test('run, fail and are retried like others; a second one replaces the first', async (t) => {
    const h = await openHarness(t)
    const runs: string[] = []
    const handler =
      (name: string): Handler =>
      (job, ctx) => {
        runs.push(`${name} ${job.attempt}`)
        ctx.enqueue('inline:after', {}, { dedupeKey: 'after' })
        if (job.attempt === 1) throw new Error('once more')
      }
    h.runtime.register('inline:a', handler('first'), { backoff: AT_ONCE })
    h.runtime.register('inline:a', handler('second'), { backoff: AT_ONCE })
    h.runtime.register('inline:after', () => void runs.push('after'))
    void h.run()
    const { id } = await h.runtime.enqueue('inline:a')
    await h.event('completed', id)
    const followUps = h.told('enqueued').filter(({ kind }) => kind === 'inline:after')
    assert.equal(followUps.length, 1)
    await h.event('completed', followUps[0]!.id)
    assert.deepEqual(runs, ['second 1', 'second 2', 'after'])
  })

  test('a function registered while running takes over a kind of the module', async (t) => {
    const h = await openHarness(t)
    void h.run()
    const first = await h.runtime.enqueue('echo', { n: 1 })
    assert.equal((await h.event('completed', first.id)).result, 1)
    h.runtime.register('echo', () => 'from the main thread')
    const second = await h.runtime.enqueue('echo', { n: 2 })
    assert.equal((await h.event('completed', second.id)).result, 'from the main thread')
    h.runtime.register('echo', {})
    const third = await h.runtime.enqueue('echo', { n: 3 })
    assert.equal((await h.event('completed', third.id)).result, 3)
  })
})

describe('the order of runs', () => {
  test('lower priority first, then by time, then by id', async (t) => {
    // With a spare, a job of another kind than `hold` would start at once.
    const h = await openHarness(t, { lanes: { default: { threads: 1, spare: false } } })
    void h.run()
    await h.hold(1)
    h.runtime.register('logs', { priority: 5 })
    const late = await h.runtime.enqueue('logs')
    const second = await h.runtime.enqueue('echo')
    const urgent = await h.runtime.enqueue('echo', {}, { priority: -10 })
    const third = await h.runtime.enqueue('echo')
    const first = await h.runtime.enqueue('echo', {}, { runAt: Date.now() - 1_000 })
    h.release(1)
    await h.event('completed', late.id)
    const order = h.told('started').map(({ job }) => job.id)
    assert.deepEqual(
      order.slice(1),
      [urgent, first, second, third, late].map(({ id }) => id),
    )
  })

  test('a delay is kept, and not stretched until the idle poll', async (t) => {
    const h = await openHarness(t)
    h.runtime.register('inline:delayed', () => Date.now(), { delay: 60 })
    void h.run()
    const soon = Date.now()
    const { id } = await h.runtime.enqueue('inline:delayed')
    assert.equal((await h.runtime.get(id))?.state, 'queued')
    const { result } = await h.event('completed', id)
    assert.ok(Number(result) >= soon + 60)
    const at = await h.runtime.enqueue('echo', {}, { runAt: new Date(Date.now() + 30) })
    await h.event('completed', at.id)
  })
})
