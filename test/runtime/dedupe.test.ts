import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ACTIVE, MOST, NEWEST } from '../support/runtime/handlers.ts'
import { openHarness, type Harness } from '../support/runtime/harness.ts'

/** The payloads that the runs of a job started with. */
function payloads(h: Harness, id: number): unknown[] {
  return h.told('progress', id).map(({ value }) => value)
}

describe('a submission whose key is held', () => {
  test('I4: by a running job leads to one more run, with the newest payload', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    void h.run()
    const { id } = await h.runtime.enqueue('gated', { cell: 1 }, { dedupeKey: 'k' })
    await h.event('progress', id)
    for (const cell of [2, 3]) {
      const folded = await h.runtime.enqueue('gated', { cell }, { dedupeKey: 'k' })
      assert.deepEqual(folded, { id, deduped: true, state: 'running' })
    }
    // I3: although a thread is free, the next run waits for the end of this one.
    const other = await h.runtime.enqueue('echo')
    await h.event('completed', other.id)
    assert.equal(h.told('started', id).length, 1)

    h.release(1)
    assert.equal((await h.event('completed', id)).rerun, true)
    await h.event('progress', id, 2)
    h.release(3)
    const second = await h.event('completed', id, 2)
    assert.deepEqual([second.rerun, second.result, second.job.attempt], [false, 3, 1])
    assert.deepEqual(payloads(h, id), [{ cell: 1 }, { cell: 3 }])
    assert.deepEqual(await h.runtime.counts(), {})
  })

  test('I4: by a running job that then fails has its own run, with all attempts', async (t) => {
    const h = await openHarness(t)
    h.runtime.register('gated', { backoff: { delay: 3_600_000 } })
    void h.run()
    const { id } = await h.runtime.enqueue('gated', { cell: 1, fails: true }, { dedupeKey: 'k' })
    await h.event('progress', id)
    await h.runtime.enqueue('gated', { cell: 2 }, { dedupeKey: 'k' })
    h.release(1)
    h.release(2)
    const { result, job } = await h.event('completed', id)
    assert.deepEqual([result, job.attempt], [2, 1])
    assert.equal(await h.runtime.get(id), undefined)
  })

  test('by a queued job replaces its payload', async (t) => {
    // With a spare, a job of another kind than `hold` would start at once.
    const h = await openHarness(t, { lanes: { default: { threads: 1, spare: false } } })
    void h.run()
    await h.hold(1)
    const first = await h.runtime.enqueue('echo', { n: 1 }, { dedupeKey: 'k' })
    const second = await h.runtime.enqueue('echo', { n: 2 }, { dedupeKey: 'k' })
    assert.deepEqual(second, { id: first.id, deduped: true, state: 'queued' })
    h.release(1)
    assert.equal((await h.event('completed', first.id)).result, 2)
    assert.equal(h.told('started', first.id).length, 1)
  })

  test('I11: a key is free again after each way out', async (t) => {
    const h = await openHarness(t)
    h.runtime.register('hold', { timeout: 30, grace: 10, maxAttempts: 1 })
    void h.run()
    const ways = [
      ['completed', { kind: 'echo' }],
      ['dead', { kind: 'permanent' }],
      ['dead', { kind: 'hold', payload: { cell: 1 } }],
      ['dead', { kind: 'exit' }],
    ] as const
    for (const [event, { kind, ...rest }] of ways) {
      const submission = { kind, ...rest, dedupeKey: kind } as Parameters<
        typeof h.runtime.enqueueMany
      >[0][number]
      const [first] = await h.runtime.enqueueMany([submission])
      await h.event(event, first!.id)
      const [second] = await h.runtime.enqueueMany([{ ...submission, delay: 60_000 }])
      assert.equal(second!.deduped, false, kind)
    }
  })
})

test('I3, I4: under load no two runs of a key overlap, and the newest payload runs', async (t) => {
  const h = await openHarness(t, { threads: 3 })
  h.runtime.register('keyed', { backoff: { delay: 1, jitter: 0 } })
  void h.run()
  const keys = [0, 1, 2, 3]
  const newest = new Map<number, number>()
  for (let n = 1; n <= 240; n += 1) {
    const key = (n * 7) % keys.length
    newest.set(key, n)
    const submitted = h.runtime.enqueue('keyed', { key, n }, { dedupeKey: `k${key}` })
    // In bursts, so that submissions meet a queued job, a running job, and no job at all.
    if (n % 8 === 0) await submitted
    if (n % 40 === 0) await h.event('completed', (await submitted).id)
  }
  await h.drained()
  for (const key of keys) {
    assert.equal(Atomics.load(h.cells, MOST + key), 1, `runs of k${key} at a time`)
    assert.equal(Atomics.load(h.cells, ACTIVE + key), 0)
    assert.equal(Atomics.load(h.cells, NEWEST + key), newest.get(key))
  }
  assert.ok(h.told('completed').some(({ rerun }) => rerun))
  assert.ok(h.told('retrying').length > 0)
})
