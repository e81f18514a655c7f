import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { loopTurn } from '../support/signal.ts'
import { refusal } from '../support/jobs.ts'
import { built } from '../support/built.ts'
import { BROKEN, REPAIRED } from '../support/runtime/handlers.ts'
import { openHarness, type Harness } from '../support/runtime/harness.ts'

/** One thread, without a spare. */
const ONE = { default: { threads: 1, spare: false } }

/** From now on no thread can be set up. Ends the thread that there is. */
async function breaks(h: Harness): Promise<void> {
  h.release(BROKEN)
  h.runtime.register('loop', { timeout: 20, grace: 0, maxAttempts: 1 })
  void h.run()
  const { id } = await h.runtime.enqueue('loop')
  await h.event('dead', id)
}

describe('setWorkers while running', () => {
  test('grows: a job that waits starts on the new thread', async (t) => {
    const h = await openHarness(t)
    void h.run()
    await h.hold(1)
    const waiting = await h.runtime.enqueue('hold', { cell: 2 })
    assert.equal((await h.runtime.get(waiting.id))?.state, 'queued')
    h.runtime.setWorkers(2)
    await h.event('progress', waiting.id)
    h.release(1)
    h.release(2)
    await h.event('completed', waiting.id)
  })

  test('shrinks without interrupting; less than one means one', async (t) => {
    const h = await openHarness(t, { threads: 3 })
    void h.run()
    const ids = [await h.hold(1), await h.hold(2), await h.hold(3)]
    h.runtime.setWorkers(-7)
    const waiting = await h.runtime.enqueue('hold', { cell: 4 })
    await h.runtime.enqueue('hold', { cell: 5 })
    for (const cell of [1, 2, 3]) h.release(cell)
    for (const id of ids) await h.event('completed', id)
    await h.event('progress', waiting.id)
    // One thread is left: the second job has to wait.
    assert.deepEqual(await h.runtime.counts(), { hold: { queued: 1, running: 1, dead: 0 } })
    h.release(4)
    h.release(5)
    await h.until(() => h.told('completed').length === 5, 'the end of all')
    assert.deepEqual(h.told('thread:down'), [])
    assert.deepEqual(h.told('released'), [])
  })
})

describe('start', () => {
  test('resolves once every lane has its threads', async (t) => {
    const lanes = { default: { threads: 2 }, io: { threads: 1, concurrency: 4 } }
    const h = await openHarness(t, { lanes })
    await h.runtime.start()
    const lanesUp = h.told('thread:up').map(({ lane }) => lane)
    // The spare of lane `default` is a thread, and the spare of lane `io` is some slots.
    assert.deepEqual(lanesUp.sort(), ['default', 'default', 'default', 'io'])
    assert.equal(await h.runtime.runOnce(), false)
  })
})

describe('config', () => {
  test('stays as it was when the runtime was made', async (t) => {
    const config: Record<string, unknown> = {}
    const h = await openHarness(t, { handlersConfig: config })
    config['later'] = () => 'what no thread can be given'
    void h.run()
    await h.hold(1)
    h.runtime.setWorkers(2)
    await h.hold(1)
    h.release(1)
    await h.event('completed', undefined, 2)
    assert.deepEqual(h.told('thread:down'), [])
  })
})

describe('execArgv', () => {
  test('I6: flags that no thread can have are refused, and jobs stay queued', async (t) => {
    const h = await openHarness(t, { execArgv: ['--no-such-flag'] })
    const { id } = await h.runtime.enqueue('echo')
    const refused = refusal(
      'HELVE_ERR_HANDLERS',
      'the thread could not be started: ',
      '--no-such-flag',
    )
    await assert.rejects(h.runtime.start(), refused)
    assert.equal((await h.runtime.get(id))?.state, 'queued')
  })
})

describe('runOnce', () => {
  test('runs one job, and tells when there is none', async (t) => {
    const h = await openHarness(t)
    assert.equal(await h.runtime.runOnce(), false)
    const first = await h.runtime.enqueue('echo', { n: 1 })
    const second = await h.runtime.enqueue('echo', { n: 2 })
    await h.runtime.enqueue('echo', { n: 3 }, { delay: 60_000 })
    assert.equal(await h.runtime.runOnce(), true)
    assert.equal(await h.runtime.get(first.id), undefined)
    assert.equal((await h.runtime.get(second.id))?.state, 'queued')
    assert.equal(await h.runtime.runOnce(), true)
    assert.equal(await h.runtime.runOnce(), false)
    assert.equal(h.told('completed').length, 2)
  })

  test('several at a time run a job each', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    await h.runtime.enqueueMany([{ kind: 'echo' }, { kind: 'echo' }])
    const ran = await Promise.all([h.runtime.runOnce(), h.runtime.runOnce()])
    assert.deepEqual(ran, [true, true])
    assert.deepEqual(await h.runtime.counts(), {})
  })

  test('beside run keeps no other job from starting', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    void h.run()
    await h.event('thread:up')
    const held = h.runtime.enqueue('hold', { cell: 1 })
    const other = h.runtime.enqueue('echo')
    const once = h.runtime.runOnce()
    await h.event('completed', (await other).id)
    h.release(1)
    await h.event('completed', (await held).id)
    await once
  })
})

describe('run', () => {
  test('resolves when the runs have settled, and starts nothing more', async (t) => {
    // With a spare, the `echo` job could start there.
    const h = await openHarness(t, { lanes: ONE })
    const run = h.run()
    let ended = false
    void run.then(() => (ended = true))
    const id = await h.hold(1)
    const next = await h.runtime.enqueue('echo')
    h.abort()
    await loopTurn()
    assert.equal(ended, false)
    h.release(1)
    await run
    assert.equal(h.told('completed', id).length, 1)
    assert.equal((await h.runtime.get(next.id))?.state, 'queued')
  })

  test('can be called again after its end, and not before', async (t) => {
    const h = await openHarness(t)
    const first = h.run()
    await assert.rejects(h.runtime.run(), refusal('HELVE_ERR_OPTION', 'run'))
    h.abort()
    await first
    const again = new AbortController()
    const second = h.runtime.run({ signal: again.signal })
    const { id } = await h.runtime.enqueue('echo')
    await h.event('completed', id)
    again.abort()
    await second
  })

  test('with a signal that has aborted already starts nothing', async (t) => {
    const h = await openHarness(t)
    const { id } = await h.runtime.enqueue('echo')
    await h.runtime.run({ signal: AbortSignal.abort() })
    assert.equal((await h.runtime.get(id))?.state, 'queued')
  })
})

describe('handlers that cannot be set up', () => {
  test('make start, run and runOnce reject, with file, line and cause', async (t) => {
    const h = await openHarness(t, { broken: true })
    const { id } = await h.runtime.enqueue('echo')
    const file = String(built(new URL('../support/runtime/handlers.ts', import.meta.url)))
    for (const begin of ['start', 'run', 'runOnce'] as const) {
      const refused = await h.runtime[begin]().catch((error: unknown) => error)
      refusal('HELVE_ERR_HANDLERS', 'lane default', 'the index is locked', `(${file}:`)(refused)
      const { cause } = refused as { cause: Error }
      assert.deepEqual([cause.name, cause.message], ['Error', 'the index is locked'])
    }
    assert.equal((await h.runtime.get(id))?.attempts, 0)
    // The refused runtime does not own the file, and has no thread left.
    const other = await openHarness(t, { file: h.store.file })
    assert.equal(await other.runtime.runOnce(), true)
  })

  test('I6: in later threads only: the jobs wait, and are charged nothing', async (t) => {
    const h = await openHarness(t, { lanes: ONE })
    await h.runtime.start()
    await breaks(h)
    const { id } = await h.runtime.enqueue('echo')
    await h.event('thread:down', undefined, 3)
    const reason = 'the thread ended with the index is locked'
    assert.equal(h.told('thread:down')[1]!.reason, reason)
    assert.deepEqual(await h.runtime.explain(id), {
      ...{ code: 'no thread', problem: reason },
      reason: `no thread of lane default can be started: ${reason}`,
    })
    assert.deepEqual(h.told('started', id), [])
    h.release(REPAIRED)
    assert.equal((await h.event('completed', id)).job.attempt, 1)
  })

  test('I7: other lanes go on', async (t) => {
    const h = await openHarness(t, { lanes: ONE })
    h.runtime.register('inline:ok', () => 'ok')
    await h.runtime.start()
    await breaks(h)
    const echo = await h.runtime.enqueue('echo')
    const { id } = await h.runtime.enqueue('inline:ok', {})
    await h.event('completed', id)
    assert.deepEqual(h.told('started', echo.id), [])
    h.release(REPAIRED)
  })
})

describe('lanes', () => {
  test('I7: a lane whose threads are all taken delays no other lane', async (t) => {
    const lanes = { default: { threads: 1 }, slow: { threads: 1 } }
    const h = await openHarness(t, { lanes })
    h.runtime.register('hold', { lane: 'slow' })
    void h.run()
    await h.hold(1)
    for (let cell = 2; cell < 12; cell += 1) await h.runtime.enqueue('hold', { cell })
    const { id } = await h.runtime.enqueue('echo')
    await h.event('completed', id)
    for (let cell = 1; cell < 12; cell += 1) h.release(cell)
    await h.until(() => h.told('completed').length === 12, 'the end of all')
  })
})
