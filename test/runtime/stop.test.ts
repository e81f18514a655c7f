import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { Runtime } from '../../src/index.ts'
import { MAX_CRASHES } from '../../src/job/limits.ts'
import { refusal } from '../support/jobs.ts'
import { loopTurn, signal } from '../support/signal.ts'
import { openStore } from '../support/store.ts'
import { schema } from '../support/runtime/bad-submissions.ts'
import { CLOSED } from '../support/runtime/handlers.ts'
import { openHarness } from '../support/runtime/harness.ts'

/** Milliseconds; more than the 2^31−1 that a timer of Node's can wait. */
const MONTH = 30 * 86_400_000

/** Resolves after every timer that Node fires at once because it is too long. */
async function overflow(): Promise<void> {
  await loopTurn()
  // Node sets such a timer to 1 ms.
  await new Promise((resolve) => setTimeout(resolve, 2))
}

describe('stop', () => {
  test('I2: waits for the runs, starts nothing more, and leaves nothing running', async (t) => {
    // With a spare, the `echo` job could start there.
    const h = await openHarness(t, { lanes: { default: { threads: 2, spare: false } } })
    const run = h.run()
    const ids = [await h.hold(1), await h.hold(2)]
    const next = await h.runtime.enqueue('echo')
    const stopped = h.runtime.stop()
    assert.equal(h.runtime.stop({ timeout: 1 }), stopped)
    h.release(1)
    h.release(2)
    await stopped
    await run
    for (const id of ids) assert.equal(h.told('completed', id).length, 1)
    assert.equal(h.told('started', next.id).length, 0)
    assert.deepEqual(await h.runtime.counts(), { echo: { queued: 1, running: 0, dead: 0 } })
    assert.equal(Atomics.load(h.cells, CLOSED), 2)
    assert.deepEqual(h.told('thread:down'), [])
  })

  test('I6: interrupts a run that does not end, and refunds its attempt', async (t) => {
    const h = await openHarness(t, { threads: 2 })
    h.runtime.register('hold', { grace: 30 })
    void h.run()
    const ids = [await h.hold(1), await h.hold(2)]
    await h.runtime.stop({ timeout: 20 })
    for (const id of ids) {
      const { state, attempts, crashes, startedAt, errors } = (await h.runtime.get(id))!
      assert.deepEqual([state, attempts, crashes, startedAt], ['queued', 0, 0, null])
      assert.deepEqual(errors, [])
      assert.equal(h.told('released', id).length, 1)
    }
    assert.deepEqual(await h.runtime.counts(), { hold: { queued: 2, running: 0, dead: 0 } })

    const next = await openHarness(t, { file: h.store.file })
    next.release(1)
    next.release(2)
    assert.equal(await next.runtime.runOnce(), true)
    assert.equal(await next.runtime.runOnce(), true)
    assert.equal(next.told('lost').length, 0)
    assert.deepEqual(
      new Map(next.told('completed').map(({ job }) => [job.id, job.attempt])),
      new Map(ids.map((id) => [id, 1])),
    )
  })

  test('an interrupted run that fails is released, and one that completes is completed', async (t) => {
    const h = await openHarness(t)
    h.runtime.register('inline:fails', (_, { signal }) => signalled(signal).then(() => fail()))
    h.runtime.register('inline:completes', (_, { signal }) => signalled(signal))
    void h.run()
    const failing = await h.runtime.enqueue('inline:fails')
    const completing = await h.runtime.enqueue('inline:completes')
    await h.event('started', completing.id)
    await h.runtime.stop({ timeout: 0 })
    assert.equal(h.told('released', failing.id).length, 1)
    assert.equal(h.told('completed', completing.id).length, 1)
    assert.equal((await h.runtime.get(failing.id))?.attempts, 0)
  })

  test('waits as long as a timeout of 30 days allows', async (t) => {
    const h = await openHarness(t)
    const end = signal('the end of the run')
    let given: AbortSignal | undefined
    h.runtime.register('inline:holds', (_, ctx) => {
      given = ctx.signal
      return end.wait()
    })
    void h.run()
    const { id } = await h.runtime.enqueue('inline:holds')
    await h.event('started', id)
    const stopped = h.runtime.stop({ timeout: MONTH })
    await overflow()
    assert.equal(given?.aborted, false)
    end.fire()
    await stopped
    assert.equal(h.told('completed', id).length, 1)
  })

  test('leaves each run the grace of its kind, whatever the grace of an unused kind', async (t) => {
    const h = await openHarness(t)
    const { id } = await h.runtime.enqueue('untilAborted', { then: 'throw', cell: 0 })
    for (let stops = 1; stops <= MAX_CRASHES; stops += 1) {
      const next = await openHarness(t, { file: h.store.file })
      next.runtime.register('hold', { grace: MONTH })
      next.runtime.register('untilAborted', { grace: 60_000 })
      void next.run()
      await next.event('progress', id)
      const stopped = next.runtime.stop({ timeout: 0 })
      await next.event('progress', id, 2)
      await overflow()
      next.release(0)
      await stopped
      const { state, attempts, crashes } = (await h.runtime.get(id))!
      assert.deepEqual([state, attempts, crashes], ['queued', 0, 0])
    }
  })

  test('is for good: nothing is accepted or run after it', async (t) => {
    const h = await openHarness(t)
    await h.runtime.runOnce()
    await h.runtime.stop()
    const closed = refusal('HELVE_ERR_CLOSED')
    await assert.rejects(h.runtime.enqueue('echo'), closed)
    await assert.rejects(h.runtime.runOnce(), closed)
    await assert.rejects(h.runtime.run(), closed)
    assert.deepEqual(await h.runtime.counts(), {})
  })

  test('ends a runtime that never ran, or is still starting', async (t) => {
    const idle = await openHarness(t)
    await idle.runtime.stop()
    const h = await openHarness(t)
    const { id } = await h.runtime.enqueue('echo')
    const run = h.run()
    await h.runtime.stop()
    await run
    const next = await openHarness(t, { file: h.store.file })
    assert.equal((await next.runtime.get(id))?.state ?? 'completed', 'queued')
    assert.equal(await next.runtime.runOnce(), true)
  })

  test('a submission that is on its way is kept, or refused', async (t) => {
    const h = await openHarness(t)
    void h.run()
    const submitted = h.runtime.enqueue('echo', {}, { delay: 60_000 })
    const stopped = h.runtime.stop()
    const { id } = await submitted
    await stopped
    assert.equal((await h.store.get(id))?.state, 'queued')
  })
})

describe('from the call of stop on', () => {
  test('nothing is accepted but the follow-ups of the runs that stop waits for', async (t) => {
    const h = await openHarness(t)
    const valid = signal('the answer of the schema')
    const slow = schema((value) => valid.wait().then(() => ({ value })))
    h.runtime.register('inline:slow', () => undefined, { schema: slow })
    const gate = signal('the gate')
    h.runtime.register('inline:enqueues', async (_, ctx) => {
      ctx.enqueue('echo', {})
      await gate.wait()
    })
    void h.run()
    const { id } = await h.runtime.enqueue('inline:enqueues', {})
    await h.event('started', id)
    const checked = [
      h.runtime.enqueue('inline:slow', {}),
      h.runtime.enqueueMany([{ kind: 'inline:slow', payload: {} }]),
    ].map((submitted) => assert.rejects(submitted, refusal('HELVE_ERR_CLOSED')))
    const stopped = h.runtime.stop()
    valid.fire()
    const refused = refusal('HELVE_ERR_CLOSED', 'stopped')
    await assert.rejects(h.runtime.enqueue('echo'), refused)
    await assert.rejects(h.runtime.enqueueMany([{ kind: 'echo' }]), refused)
    gate.fire()
    assert.deepEqual(await stopped, { completed: 1, released: 0, stuck: 0 })
    await Promise.all(checked)
    const { echo } = await h.store.counts()
    assert.deepEqual(echo, { queued: 1, running: 0, dead: 0 })
  })

  test('stop counts the runs that end, that it interrupts, and that go on', async (t) => {
    const { runtime, gate, tick } = await onTheMainThread(t)
    const told = {
      all: signal('all starts'),
      completed: signal('an end'),
      released: signal('a release'),
    }
    let started = 0
    runtime.on('started', () => (started += 1) === 4 && told.all.fire())
    runtime.on('retrying', () => told.completed.fire())
    runtime.on('released', () => told.released.fire())
    const run = runtime.run()
    for (const kind of ['waits', 'fails', 'yields', 'goes_on']) await runtime.enqueue(kind)
    await told.all.wait()
    const stopped = runtime.stop({ timeout: 50 })
    gate.fire()
    await told.completed.wait()
    await tick(50)
    await told.released.wait()
    await tick(60_000)
    assert.deepEqual(await stopped, { completed: 2, released: 1, stuck: 1 })
    await run
  })

  test('a runOnce of the same moment starts nothing', async (t) => {
    const h = await openHarness(t)
    await h.runtime.start()
    const { id } = await h.runtime.enqueue('echo')
    const once = assert.rejects(h.runtime.runOnce(), refusal('HELVE_ERR_CLOSED'))
    await h.runtime.stop()
    await once
    assert.equal((await h.store.get(id))?.state, 'queued')
  })

  test('I2: a runOnce that waits for room starts nothing more', async (t) => {
    const h = await openHarness(t, { lanes: { default: { threads: 1, spare: false } } })
    const run = h.run()
    await h.hold(1)
    const next = await h.runtime.enqueue('echo')
    const once = assert.rejects(h.runtime.runOnce(), refusal('HELVE_ERR_CLOSED'))
    // This submission makes a turn, which finds no room for the runOnce.
    await h.runtime.enqueue('echo', {}, { delay: 60_000 })
    const stopped = h.runtime.stop()
    h.release(1)
    await stopped
    await once
    await run
    assert.equal((await h.runtime.get(next.id))?.state, 'queued')
  })

  test('a runOnce whose job never ends is refused when the stop is over', async (t) => {
    const { runtime, tick } = await onTheMainThread(t)
    const started = signal('the start')
    runtime.on('started', () => started.fire())
    await runtime.enqueue('goes_on')
    const ran = assert.rejects(runtime.runOnce(), refusal('HELVE_ERR_CLOSED'))
    await started.wait()
    const stopped = runtime.stop({ timeout: 50 })
    await tick(50)
    await tick(60_000)
    assert.deepEqual(await stopped, { completed: 0, released: 0, stuck: 1 })
    await ran
  })
})

/** A runtime whose timers the test moves. Its runs end by a gate, by their signal, or never. */
async function onTheMainThread(t: TestContext) {
  const store = await openStore(t)
  const alive = setInterval(() => undefined, 1_000)
  t.after(() => clearInterval(alive))
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const runtime = new Runtime(store, { logger: false })
  const gate = signal('the gate')
  runtime.register('waits', () => gate.wait())
  runtime.register('fails', () => gate.wait().then(fail))
  runtime.register('yields', (_, { signal }) => signalled(signal).then(fail))
  runtime.register('goes_on', () => new Promise(() => undefined))
  const tick = async (ms: number): Promise<void> => {
    // The runtime takes some turns of the event loop before it sets the timer.
    for (let turns = 0; turns < 5; turns += 1) await loopTurn()
    t.mock.timers.tick(ms)
  }
  return { runtime, gate, tick }
}

describe('one runtime owns a file at a time', () => {
  test('a second runtime is refused, and may own the file once the first has ended', async (t) => {
    const h = await openHarness(t)
    const second = await openHarness(t, { file: h.store.file })
    await h.runtime.runOnce()
    const owned = refusal('HELVE_ERR_OWNED', h.store.file, String(process.pid))
    await assert.rejects(second.runtime.runOnce(), owned)
    await assert.rejects(second.runtime.run(), owned)
    const { id } = await second.runtime.enqueue('echo', { n: 3 })
    await h.runtime.stop()
    assert.equal(await second.runtime.runOnce(), true)
    assert.equal(second.told('completed', id)[0]?.result, 3)
  })

  test('a second runtime over the same store is refused, too', async (t) => {
    const store = await openStore(t)
    const [first, second] = [new Runtime(store), new Runtime(store)]
    await first.runOnce()
    await assert.rejects(second.runOnce(), refusal('HELVE_ERR_OWNED'))
    await second.stop()
    const third = new Runtime(store)
    await assert.rejects(third.runOnce(), refusal('HELVE_ERR_OWNED'))
    await first.stop()
    assert.equal(await third.runOnce(), false)
    await third.stop()
  })
})

function signalled(signal: AbortSignal): Promise<unknown> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve('as far as it came'))
  })
}

function fail(): never {
  throw new Error('interrupted')
}

test('a start that fails after it owned the file releases it, and can be repeated', async (t) => {
  const store = await openStore(t)
  const runtime = new Runtime(store)
  t.after(() => runtime.stop())
  const counts = t.mock.method(store, 'counts', () => Promise.reject(new Error('no counts')))
  await assert.rejects(runtime.start(), /no counts/)
  const other = new Runtime(await openStore(t, { file: store.file }))
  await other.start()
  await other.stop()
  counts.mock.restore()
  await runtime.start()
})
