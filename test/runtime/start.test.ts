import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { Runtime, SqliteStore } from '../../src/index.ts'
import { built } from '../support/built.ts'
import { refusal } from '../support/jobs.ts'
import { signal } from '../support/signal.ts'
import { openStore } from '../support/store.ts'
import { openHarness } from '../support/runtime/harness.ts'

const nothing = () => undefined
/** Milliseconds: only a test that has failed waits this long. */
const LONG = 60_000

describe('start', () => {
  test('resolves when every lane has a thread', async (t) => {
    const h = await openHarness(t, { lanes: { default: { threads: 2 }, net: { concurrency: 2 } } })
    await h.runtime.start()
    const lanes = new Set(h.told('thread:up').map(({ lane }) => lane))
    assert.deepEqual([...lanes].toSorted(), ['default', 'net'])
  })

  test('is cancelled by stop while the threads are set up', async (t) => {
    const h = await openHarness(t, {
      handlers: built(new URL('../support/pool/handlers.ts', import.meta.url)),
      config: { cells: new Int32Array(new SharedArrayBuffer(4_000)), hangingSetup: true },
    })
    const started = h.runtime.start()
    const run = h.runtime.run()
    const stopped = h.runtime.stop()
    await assert.rejects(started, refusal('HELVE_ERR_CLOSED'))
    await run
    assert.deepEqual(await stopped, { completed: 0, released: 0, stuck: 0 })
  })
})

describe('a file that another process owns', () => {
  test('is waited for, as in a rolling restart', async (t) => {
    const h = await openHarness(t)
    await h.runtime.start()
    const next = await openHarness(t, { file: h.store.file })
    const own = t.mock.method(next.store, 'join')
    const started = next.runtime.start({ wait: LONG })
    await next.until(() => own.mock.callCount() > 0, 'a try')
    await h.runtime.stop()
    await started
    assert.equal(await next.runtime.runOnce(), false)
  })

  test('is waited for by each caller as long as that caller wants', async (t) => {
    const h = await openHarness(t)
    await h.runtime.start()
    const next = await openHarness(t, { file: h.store.file })
    const own = t.mock.method(next.store, 'join')
    const controller = new AbortController()
    const run = next.runtime.run({ signal: controller.signal, wait: LONG })
    const started = next.runtime.start({ wait: LONG })
    await next.until(() => own.mock.callCount() > 0, 'a try')
    controller.abort()
    await run
    await h.runtime.stop()
    await started
    assert.equal(await next.runtime.runOnce(), false)
  })

  test('is not waited for longer than `wait`', async (t) => {
    const h = await openHarness(t)
    await h.runtime.start()
    const next = await openHarness(t, { file: h.store.file })
    const owned = refusal('HELVE_ERR_OWNED', String(process.pid))
    await assert.rejects(next.runtime.start({ wait: 1 }), owned)
    await assert.rejects(next.runtime.run({ wait: 1 }), owned)
    await assert.rejects(next.runtime.start(), owned)
  })

  for (const way of ['stop', 'abort'] as const) {
    test(`is not waited for after ${way}`, async (t) => {
      const h = await openHarness(t)
      await h.runtime.start()
      const next = await openHarness(t, { file: h.store.file })
      const controller = new AbortController()
      const run = next.runtime.run({ signal: controller.signal, wait: LONG })
      if (way === 'stop') await next.runtime.stop()
      else controller.abort()
      await run
      await h.runtime.stop()
      if (way === 'abort') await next.runtime.start()
    })
  }
})

describe('a store that is closed under a runtime', () => {
  test('ends the threads, makes an error event, and releases the runs', async (t) => {
    const h = await openHarness(t)
    h.runtime.register('hold', { grace: 0 })
    const run = h.run()
    const id = await h.hold(1)
    await h.store.close()
    await run
    const [told] = h.told('error')
    refusal('HELVE_ERR_CLOSED', 'store')(told?.error)
    assert.match(told!.during, /call stop\(\) before close\(\)/)
    assert.equal(h.told('released', id).length, 1)
    const next = await openStore(t, { file: h.store.file })
    const { state, attempts, crashes } = (await next.get(id))!
    assert.deepEqual([state, attempts, crashes], ['queued', 0, 0])
    assert.deepEqual(await h.runtime.stop(), { completed: 0, released: 1, stuck: 0 })
  })

  test('makes no error event after a stop', async (t) => {
    const h = await openHarness(t)
    await h.runtime.start()
    await h.runtime.stop()
    await h.store.close()
    assert.deepEqual(h.told('error'), [])
  })
})

test('await using stops the runtime, and closes the store', async (t) => {
  const h = await openHarness(t)
  await h.runtime.start()
  await h.runtime[Symbol.asyncDispose]()
  await assert.rejects(h.runtime.run(), refusal('HELVE_ERR_CLOSED'))
  const store = await SqliteStore.open(`${h.store.file}-other`)
  await store[Symbol.asyncDispose]()
  await assert.rejects(store.counts(), refusal('HELVE_ERR_CLOSED'))
})

describe('kinds that nobody handles', () => {
  const registered = [
    ['ecko', 'did you mean "echo"?'],
    ['nobody', 'expected one of'],
  ] as const
  for (const [kind, meant] of registered) {
    test(`I10: are not registered: ${kind}`, async (t) => {
      const h = await openHarness(t)
      h.runtime.register(kind as never, {})
      const refused = refusal('HELVE_ERR_KIND', 'handlers module', 'echo', `"${kind}"`, meant)
      for (const begin of ['start', 'run', 'runOnce'] as const) {
        await assert.rejects(h.runtime[begin](), refused)
      }
      const other = await openHarness(t, { file: h.store.file })
      await other.runtime.start()
      assert.throws(() => other.runtime.register(kind as never, {}), refused)
      other.runtime.register(kind as never, nothing)
      other.runtime.register('echo', { timeout: 5_000 })
    })
  }

  test('I10: are not registered without a handlers module', async (t) => {
    const runtime = new Runtime(await openStore(t), { logger: false })
    runtime.register('reindex', { timeout: 5_000 })
    const refused = refusal('HELVE_ERR_KIND', 'handlers module', 'reindex')
    await assert.rejects(runtime.start(), refused)
    runtime.register('reindex', nothing)
    await runtime.start()
    await runtime.stop()
  })

  test('make their jobs dead at once, and take no slot from other kinds', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    void h.run()
    const { id } = await h.runtime.enqueue('nobody' as never, {} as never)
    const { error } = await h.event('dead', id)
    assert.equal(error.name, 'NoHandlerError')
    // If `nobody` counted as a second kind, one of the two threads would be left to it.
    await h.hold(1)
    await h.hold(2)
    h.release(1)
    h.release(2)
    await h.event('completed', undefined, 2)
  })

  test('keep their jobs queued with unknownKinds "wait", and run once handled', async (t) => {
    const h = await openHarness(t, { unknownKinds: 'wait' })
    h.runtime.register('inline:late' as never, {})
    void h.run()
    const { id } = await h.runtime.enqueue('inline:late', {})
    const { id: other } = await h.runtime.enqueue('nobody' as never, {} as never)
    const after = await h.runtime.enqueue('echo')
    await h.event('completed', after.id)
    assert.deepEqual(await h.runtime.explain(id), {
      code: 'no handler',
      reason: 'nobody handles kind inline:late: it waits until somebody does',
    })
    assert.deepEqual([h.told('started', id), h.told('dead')], [[], []])
    h.runtime.register('inline:late', () => 'at last')
    assert.equal((await h.event('completed', id)).result, 'at last')
    assert.equal((await h.runtime.get(other))?.state, 'queued')
  })
})

describe('drained', () => {
  test('is told when nothing runs and nothing is due, once for each time', async (t) => {
    const h = await openHarness(t)
    await h.runtime.enqueue('echo', {}, { delay: LONG })
    void h.run()
    await h.event('drained')
    const ids = [await h.hold(1), (await h.runtime.enqueue('echo')).id]
    assert.equal(h.told('drained').length, 1)
    h.release(1)
    await h.event('drained', undefined, 2)
    for (const id of ids) assert.equal(h.told('completed', id).length, 1)
    await h.runtime.enqueue('echo', {}, { delay: LONG })
    const { id } = await h.runtime.enqueue('echo')
    await h.event('drained', undefined, 3)
    assert.equal(h.told('completed', id).length, 1)
  })

  test('is told again when `run` is called again, and still nothing is due', async (t) => {
    const h = await openHarness(t)
    for (const times of [1, 2]) {
      const controller = new AbortController()
      const run = h.runtime.run({ signal: controller.signal })
      await h.event('drained', undefined, times)
      controller.abort()
      await run
    }
  })

  test('is not told while a paused job is due', async (t) => {
    const h = await openHarness(t)
    await h.runtime.pause({ kind: 'echo' })
    const { id } = await h.runtime.enqueue('echo')
    const drained = signal('drained')
    h.runtime.on('drained', () => drained.fire())
    void h.run()
    const other = await h.runtime.enqueue('flaky', { fails: 0 })
    await h.event('completed', other.id)
    assert.deepEqual(h.told('drained'), [])
    await h.runtime.resume({ kind: 'echo' })
    await drained.wait()
    assert.equal(h.told('completed', id).length, 1)
  })

  test('is what a script waits for before it stops', async (t) => {
    const h = await openHarness(t)
    const ids = [(await h.runtime.enqueue('echo')).id, (await h.runtime.enqueue('echo')).id]
    const run = h.run()
    await once(h.runtime as never, 'drained')
    await h.runtime.stop()
    await run
    for (const id of ids) assert.equal(await h.runtime.get(id).catch(() => 'closed'), undefined)
  })
})

test('a paused lane can be resumed, though the options do not have it any more', async (t) => {
  const store = await openStore(t)
  const before = new Runtime(store, { lanes: { net: { threads: 1 } }, logger: false })
  await before.pause({ lane: 'net' })
  const after = new Runtime(store, { logger: false })
  assert.equal(await after.resume({ lane: 'net' }), true)
  assert.deepEqual(await after.pauses(), [])
  await assert.rejects(after.resume({ lane: 'net' }), refusal('HELVE_ERR_OPTION', 'target.lane'))
})
