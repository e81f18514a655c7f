import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { httpEndpoint, rawEndpoint } from '../support/webhook/endpoints.ts'
import { openHarness, type Harness } from '../support/runtime/harness.ts'
import { MOST_RUNNING, OVERLAPS } from '../support/runtime/isolation-handlers.ts'

// The scenarios of `npm run bench -- isolation` with small numbers: they hold at any speed.

const AT_ONCE = { delay: 0, jitter: 0 }
const IO = { threads: 1, concurrency: 16 }

const groupOf = ({ group }: { group: number }): string => String(group)

/**
 * Asserts that `jobs` jobs of a kind completed, each in its first attempt, and that no job of the
 * kind (or of `ids`, if given) failed or was charged for another one.
 */
function assertUncharged(h: Harness, kind: string, jobs: number, ids?: Set<number>): void {
  for (const name of ['retrying', 'dead', 'lost'] as const) {
    const told = h.told(name).filter(({ job }) => job.kind === kind && (ids?.has(job.id) ?? true))
    assert.deepEqual(told, [], name)
  }
  const completed = h.told('completed').filter(({ job }) => job.kind === kind)
  assert.equal(completed.length, jobs)
  assert.ok(completed.every(({ job }) => job.attempt === 1))
}

/** Endpoints that accept and never answer, with the most connections that each had at a time. */
async function silentEndpoints(t: TestContext, number: number) {
  const most: number[] = Array.from({ length: number }, () => 0)
  const urls = await Promise.all(
    most.map(async (_, at) => {
      let open = 0
      const { url } = await rawEndpoint(t, (socket) => {
        open += 1
        most[at] = Math.max(most[at]!, open)
        socket.resume().on('close', () => (open -= 1))
      })
      return url
    }),
  )
  return { most, urls }
}

function blockFor(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

describe('I7: other jobs are not disturbed', () => {
  test('by endpoints that accept and never answer', async (t) => {
    const h = await openHarness(t, { lanes: { default: { threads: 1 }, io: IO } })
    const group = ({ webhook_pk }: { webhook_pk: number }): string => String(webhook_pk)
    h.runtime.register('deliver_webhook', { lane: 'io', group, groupConcurrency: 2 })
    const create = (url: string): Promise<number> => {
      return h.store.webhooks.create({ url, secret: 'secret', events: ['push'] })
    }
    const silent = await silentEndpoints(t, 4)
    const healthy = await httpEndpoint(t, (response) => response.writeHead(204).end())
    const dead = await Promise.all(silent.urls.map(create))
    const alive = await create(healthy.url)
    const deliver = (hook: number, of: number) =>
      h.runtime.enqueueMany(
        Array.from({ length: of }, () => ({
          kind: 'deliver_webhook' as const,
          payload: { webhook_pk: hook, event: 'push' },
        })),
      )
    await Promise.all(dead.map((hook) => deliver(hook, 50)))
    void h.run()
    await h.until(() => h.told('started').length === 8, 'deliveries to the silent ones')
    const delivered = await deliver(alive, 50)
    for (let n = 0; n < 20; n++) await h.runtime.enqueue('echo', { n })
    await h.until(() => h.told('completed').length === 70, 'the end of the others')

    assertUncharged(h, 'deliver_webhook', 50, new Set(delivered.map(({ id }) => id)))
    assertUncharged(h, 'echo', 20)
    assert.equal(healthy.received.length, 50)
    assert.ok(silent.most.every((connections) => connections <= 2))
    const { queued, running } = (await h.runtime.counts())['deliver_webhook']!
    // On a busy machine, some deliveries may wait for a retry.
    assert.equal(queued + running, 4 * 50)
    assert.ok(running <= 4 * 2)
  })

  test('by handlers that loop for ever', async (t) => {
    const h = await openHarness(t, { lanes: { default: { threads: 2, spare: false } } })
    const policy = { timeout: 50, grace: 20, maxAttempts: 2, backoff: AT_ONCE }
    h.runtime.register('loop', policy)
    h.runtime.register('echo', {})
    void h.run()
    const cells = [1, 2]
    const loops = await Promise.all(
      cells.map(async (cell) => (await h.runtime.enqueue('loop', { cell })).id),
    )
    // An `echo` job beside each loop completes before the loop ends.
    const starts = () => h.told('started').filter(({ job }) => job.kind === 'loop').length
    for (let n = 1; n <= 4; n++) {
      await h.until(() => starts() >= n, `start ${n} of a loop`)
      const { id } = await h.runtime.enqueue('echo', { n })
      await h.event('completed', id)
    }
    for (const id of loops) assert.equal((await h.event('dead', id)).error.name, 'TimeoutError')
    await h.event('thread:up', undefined, 6)

    assert.equal(h.cells[OVERLAPS], 0)
    assertUncharged(h, 'echo', 4)
    assert.equal(h.told('thread:down').length, 4)
    assert.deepEqual(startsWhileDown(h, 'loop'), [])
  })

  test('by a handler that holds up a shared thread: an event names its job', async (t) => {
    const h = await openHarness(t, { lanes: { default: { threads: 1 }, io: IO } })
    h.runtime.register('spin', { lane: 'io', maxAttempts: 1 })
    h.runtime.register('echo', { lane: 'io' })
    void h.run()
    const first = await h.runtime.enqueue('echo', { n: 0 })
    await h.event('completed', first.id)
    const { id } = await h.runtime.enqueue('spin', { cell: 1 })
    const { lane, job } = await h.event('thread:stalled')
    assert.deepEqual([lane, job?.id], ['io', id])
    assert.equal((await h.runtime.explain(id))?.code, 'stalled')
    const echo = await h.runtime.enqueue('echo', { n: 1 })
    await h.event('completed', echo.id)
    assertUncharged(h, 'echo', 2)
    h.release(1)
  })

  test('by handlers that exit, crash or run out of memory', async (t) => {
    const h = await openHarness(t, { lanes: { default: { threads: 2, memory: 64 } } })
    void h.run()
    const deadly = await Promise.all([
      h.runtime.enqueue('exit'),
      h.runtime.enqueue('crash'),
      h.runtime.enqueue('eat'),
    ])
    let others = 0
    // Two `echo` jobs at a time, until all deadly jobs are dead.
    const next = async (): Promise<void> => {
      if (h.told('dead').length === deadly.length) return
      others += 1
      const { id } = await h.runtime.enqueue('echo', { n: others })
      await h.event('completed', id)
      await next()
    }
    await Promise.all([next(), next()])

    for (const { id } of deadly) {
      const { error } = await h.event('dead', id)
      assert.equal(error.name, 'LostError')
      assert.equal(h.told('lost', id).length, 2)
    }
    assertUncharged(h, 'echo', others)
    assert.equal(h.told('thread:down').length, 9)
  })

  test('by a group with thousands of due jobs', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    h.runtime.register('counted', { group: groupOf })
    const jobs = Array.from({ length: 5_000 }, (_, n) => ({
      kind: 'counted' as const,
      // The first job runs until the test releases it.
      payload: { group: 1, ...(n === 0 ? { cell: 1 } : {}) },
    }))
    const [first] = await h.runtime.enqueueMany(jobs)
    void h.run()
    const other = await h.runtime.enqueue('counted', { group: 2 })
    await h.event('completed', other.id)
    const { counted } = await h.runtime.counts()
    assert.deepEqual(counted, { queued: 4_999, running: 1, dead: 0 })
    h.release(1)
    // The thread of the first job may be the slower one to start.
    await h.event('completed', first!.id)
    for (let n = 0; n < 20; n++) {
      const { id } = await h.runtime.enqueue('counted', { group: 2 })
      await h.event('completed', id)
    }
    assert.ok(h.told('completed').length < 5_000)
    assert.deepEqual([h.cells[MOST_RUNNING + 1], h.cells[MOST_RUNNING + 2]], [1, 1])
  })

  test('by the rate of a group', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    h.runtime.register('counted', { group: groupOf })
    h.runtime.register('limited', { group: groupOf, groupRate: { limit: 2, per: 3_600_000 } })
    const jobs = [0, 1, 2, 3, 4].flatMap((group) =>
      Array.from({ length: 50 }, () => ({
        kind: group === 0 ? ('limited' as const) : ('counted' as const),
        payload: { group },
      })),
    )
    await h.runtime.enqueueMany(jobs)
    void h.run()
    await h.until(() => h.told('completed').length === 4 * 50 + 2, 'the end of the others')
    assertUncharged(h, 'counted', 4 * 50)
    const { limited } = await h.runtime.counts()
    assert.deepEqual(limited, { queued: 48, running: 0, dead: 0 })
  })

  test('a rate lets through as many jobs as its bucket holds, and as are refilled', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    const [limit, per] = [5, 100]
    h.runtime.register('refilled', { group: groupOf, groupRate: { limit, per } })
    const since: number[] = []
    const start = Date.now()
    h.runtime.on('started', () => since.push(Date.now() - start))
    void h.run()
    await h.runtime.enqueueMany(
      Array.from({ length: 20 }, () => ({ kind: 'refilled' as const, payload: { group: 1 } })),
    )
    await h.until(() => h.told('completed').length === 20, 'the end of all')
    for (const [n, ms] of since.entries()) {
      const refills = n + 1 - limit
      assert.ok(ms >= refills * (per / limit), `start ${n + 1} after ${ms} ms`)
    }
  })

  test('by a main thread that is blocked beyond their timeout', async (t) => {
    const h = await openHarness(t, { threads: 2, lanes: { default: { threads: 2 }, io: IO } })
    const policy = { timeout: 2_000, maxAttempts: 1 }
    h.runtime.register('rest', { ...policy, lane: 'io' })
    void h.run()
    // The thread is up, and has loaded its handlers.
    const { id } = await h.runtime.enqueue('rest', { ms: 0 })
    await h.event('completed', id)
    for (let n = 0; n < 10; n++) await h.runtime.enqueue('rest', { ms: 100 })
    await h.event('progress', undefined, 11)
    blockFor(2_500)
    await h.event('completed', undefined, 11)
    assertUncharged(h, 'rest', 11)
    assert.ok(h.told('completed').every(({ result }) => result === false))
  })
})

/** The starts of a kind between the end of a thread and the start of its successor. */
function startsWhileDown(h: Harness, kind: string): unknown[] {
  let down = 0
  return h.events.filter(({ name, data }) => {
    if (name === 'thread:down') down += 1
    if (name === 'thread:up' && down > 0) down -= 1
    return name === 'started' && down > 0 && 'job' in data && data.job?.kind === kind
  })
}
