import assert from 'node:assert/strict'
import { on, once } from 'node:events'
import { describe, test } from 'node:test'
import { Runtime, type AnyEvent } from '../../src/index.ts'
import { refusal } from '../support/jobs.ts'
import { openStore } from '../support/store.ts'
import { openHarness } from '../support/runtime/harness.ts'

const nothing = () => undefined

describe('a runtime is listened to as an EventEmitter is', () => {
  test('once: for one event', async (t) => {
    const h = await openHarness(t)
    const heard: number[] = []
    h.runtime.once('completed', ({ job }) => heard.push(job.id))
    void h.run()
    const first = await h.runtime.enqueue('echo')
    await h.event('completed', first.id)
    const second = await h.runtime.enqueue('echo')
    await h.event('completed', second.id)
    assert.deepEqual(heard, [first.id])
  })

  test('off, removeListener: take off the newest registration, also one by once', async (t) => {
    const h = await openHarness(t)
    const heard: string[] = []
    const listener = () => heard.push('heard')
    h.runtime.on('enqueued', listener).addListener('enqueued', listener)
    h.runtime.once('enqueued', listener)
    h.runtime.off('enqueued', listener).removeListener('enqueued', listener)
    await h.runtime.enqueue('echo')
    await h.runtime.enqueue('echo')
    assert.deepEqual(heard, ['heard', 'heard'])
    h.runtime.off('enqueued', listener).off('enqueued', listener)
    await h.runtime.enqueue('echo')
    assert.deepEqual(heard, ['heard', 'heard'])
  })

  test('once of node:events: resolves to the data, and leaves nothing behind', async (t) => {
    const h = await openHarness(t)
    const completed = once(h.runtime as never, 'completed')
    void h.run()
    const { id } = await h.runtime.enqueue('echo', { n: 7 })
    const [{ job, result }] = (await completed) as [{ job: { id: number }; result: unknown }]
    assert.deepEqual([job.id, result], [id, 7])
  })

  test('on of node:events: gives the events one after the other', async (t) => {
    const h = await openHarness(t)
    const told = on(h.runtime as never, 'enqueued')
    const ids = [(await h.runtime.enqueue('echo')).id, (await h.runtime.enqueue('echo')).id]
    const heard: number[] = []
    for await (const [{ id }] of told as AsyncIterable<[{ id: number }]>) {
      heard.push(id)
      if (heard.length === 2) break
    }
    assert.deepEqual(heard, ids)
  })

  test('an error event without a listener throws nowhere', async (t) => {
    const store = await openStore(t)
    const runtime = new Runtime(store, { logger: false })
    runtime.once('enqueued', () => {
      throw new Error('a mistake of the host')
    })
    const { id } = await runtime.enqueue('echo')
    assert.equal((await runtime.get(id))?.state, 'queued')
  })

  for (const [event, meant] of [
    ['complete', '"completed"'],
    ['thread-up', '"thread:up"'],
    ['Error', '"error"'],
    ['whatever', 'completed'],
    [undefined, 'undefined'],
  ] as const) {
    test(`I10: refuses the event ${event}, and says what was meant`, async (t) => {
      const { runtime } = await openHarness(t)
      const refused = refusal('HELVE_ERR_OPTION', 'event: expected one of', meant)
      for (const verb of ['on', 'once', 'off', 'addListener', 'removeListener'] as const) {
        assert.throws(() => runtime[verb](event as never, nothing), refused, verb)
      }
    })
  }

  test('I10: refuses a listener that is no function', async (t) => {
    const { runtime } = await openHarness(t)
    const refused = refusal('HELVE_ERR_OPTION', 'listener', 'a function')
    for (const verb of ['on', 'once'] as const) {
      assert.throws(() => runtime[verb]('completed', undefined as never), refused)
    }
  })

  test('I12: a thenable of a listener that rejects makes one error event', async (t) => {
    const h = await openHarness(t)
    const error = new Error('a mistake of the host')
    // A thenable, as a promise library of the host may return.
    const thenable = { then: (_: unknown, reject: (error: Error) => void) => reject(error) }
    h.runtime.on('enqueued', () => thenable)
    h.runtime.on('enqueued', () => Promise.reject(error))
    h.runtime.on('error', () => Promise.reject(error))
    await h.runtime.enqueue('echo')
    await h.event('error', undefined, 2)
    const during = 'a listener of enqueued'
    assert.deepEqual(h.told('error'), [
      { error, during },
      { error, during },
    ])
  })
})

describe('a listener to all events', () => {
  test('gets each with its name, in the order in which they happen', async (t) => {
    const store = await openStore(t)
    const runtime = new Runtime(store, { logger: false })
    runtime.register('sum', ({ payload }: { payload: { n: number } }) => payload.n + 1)
    const heard: AnyEvent[] = []
    runtime.onAny((...event) => heard.push(event))
    const { id } = await runtime.enqueue('sum', { n: 1 })
    await runtime.runOnce()
    assert.deepEqual(
      heard.map(([name]) => name),
      ['enqueued', 'started', 'completed'],
    )
    const [name, data] = heard[2]!
    assert.deepEqual([name, name === 'completed' && data.result], ['completed', 2])
    assert.equal('job' in data && data.job?.id, id)
    await runtime.stop()
  })

  test('is taken off by `offAny`, the newest registration first', async (t) => {
    const runtime = new Runtime(await openStore(t), { logger: false })
    const heard: string[] = []
    const any = (name: string) => heard.push(name)
    runtime
      .onAny(any)
      .onAny(any)
      .on('enqueued', any as never)
    runtime.offAny(any)
    await runtime.enqueue('echo')
    assert.equal(heard.filter((name) => name === 'enqueued').length, 1)
    assert.equal(heard.length, 2)
    runtime.offAny(any).offAny(any)
    await runtime.enqueue('echo')
    assert.equal(heard.length, 3)
  })

  test('that throws makes an error event, and its error at that event is dropped', async (t) => {
    const runtime = new Runtime(await openStore(t), { logger: false })
    const mistake = new Error('a mistake of the host')
    const heard: AnyEvent[] = []
    runtime.onAny(() => {
      throw mistake
    })
    runtime.onAny((...event) => heard.push(event))
    runtime.onAny(() => Promise.reject(mistake))
    await runtime.enqueue('echo')
    await Promise.resolve()
    const error = ['error', { error: mistake, during: 'a listener of enqueued' }]
    assert.deepEqual(
      heard.filter(([name]) => name === 'error'),
      [error, error],
    )
    assert.equal(heard.filter(([name]) => name === 'enqueued').length, 1)
  })

  test('I10: is refused when it is no function', async (t) => {
    const runtime = new Runtime(await openStore(t), { logger: false })
    const refused = refusal('HELVE_ERR_OPTION', 'listener', 'a function')
    assert.throws(() => runtime.onAny(undefined as never), refused)
  })
})

describe('events', () => {
  test('carry the payload, but not as a part of their JSON', async (t) => {
    const h = await openHarness(t)
    h.runtime.register('flaky', { backoff: { delay: 0, jitter: 0 }, maxAttempts: 2 })
    void h.run()
    const payload = { fails: 2 }
    const { id } = await h.runtime.enqueue('flaky', payload)
    const { job } = await h.event('dead', id)
    const told = [h.told('enqueued', id)[0], h.told('retrying', id)[0]?.job, job]
    for (const one of told) {
      assert.deepEqual(one?.payload, payload)
      assert.doesNotMatch(JSON.stringify(one), /fails/)
    }
  })

  test('tell for how long the job had been due', async (t) => {
    const h = await openHarness(t)
    const ago = Date.now() - 60_000
    const { id } = await h.runtime.enqueue('flaky', { fails: 0 }, { runAt: ago })
    void h.run()
    const { queuedMs } = await h.event('completed', id)
    assert.equal(h.told('started', id)[0]?.queuedMs, queuedMs)
    assert.ok(queuedMs >= 60_000 && queuedMs <= Date.now() - ago, `${queuedMs}`)
  })
})
