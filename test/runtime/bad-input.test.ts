import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Runtime, type RuntimeOptions } from '../../src/index.ts'
import { refusal } from '../support/jobs.ts'
import { connect, openStore } from '../support/store.ts'
import type { BadSubmission } from '../support/runtime/bad-submissions.ts'
import { aRuntime, titled } from './empty-runtime.ts'

type Named = (string | RegExp)[]
/** A bad value, and what the message of its refusal has to contain. */
type Case = [given: unknown, ...named: Named]
type CodedCase = BadSubmission

const nothing = () => undefined
const here = fileURLToPath(new URL('../support/runtime/', import.meta.url))
function* generator() {
  yield 5
}

describe('I10: a runtime is not made with', () => {
  const cases: Case[] = [
    [null, 'options', 'an object', 'null'],
    ['idle', 'options', 'an object', '"idle"'],
    [{ idel: 5 }, 'options', 'idle', '"idel"'],
    [{ idle: '5' }, 'idle', 'a number', '"5"'],
    [{ handlers: './no/such/file.ts' }, 'handlers', 'module', 'file.ts'],
    [{ handlers: 5 }, 'handlers', 'module', '5'],
    [{ handlers: join(here, 'handlrs.ts') }, 'handlers', 'not there', 'mean handlers.'],
    [{ handlers: here }, 'handlers', 'module', 'no file'],
    [{ handlers: new URL('https://example.org/a.js') }, 'handlers', 'file: URL', 'https:'],
    [{ handlers: 'https://example.org/a.js' }, 'handlers', 'file: URL', 'https:'],
    [{ handlers: 'file://host/a%2fb.js' }, 'handlers', 'file: URL', 'host'],
    [{ unknownKinds: 'kept' }, 'unknownKinds', '"dead" or "wait"', '"kept"'],
    [{ config: { open: nothing } }, 'config', 'cloned'],
    [{ env: 'A=b' }, 'env', 'an object', '"A=b"'],
    [{ env: { A: 5 } }, 'env.A', 'a string', '5'],
    [{ lanes: { main: {} } }, 'lanes', '"main"'],
    [{ lanes: { net: 5 } }, 'lane', 'an object', '5'],
    [{ lanes: { net: { threads: '5' } } }, 'threads', 'a number', '"5"'],
    [{ lanes: { net: { threads: 1_025 } } }, 'threads', '1024', '1025'],
    [{ lanes: { net: { concurrency: 0 } } }, 'concurrency', '1 to 10000', '0'],
    [{ lanes: { net: { spare: 1 } } }, 'spare', 'true or false', '1'],
    [{ execArgv: '--require' }, 'execArgv', 'an array of strings', '"--require"'],
    [{ execArgv: [5] }, 'execArgv[0]', 'a string', '5'],
    [{ lanes: 5 }, 'lanes', 'an object', '5'],
    [{ logger: {} }, 'logger', 'or false', 'an object'],
    [{ logger: null }, 'logger', 'or false', 'null'],
    [{ logger: true }, 'logger', 'or false', 'true'],
    [{ threadEntry: 5 }, 'threadEntry', '5'],
    [{ threadEntry: './no/such/entry.js' }, 'threadEntry', 'there', 'entry.js'],
  ]
  for (const [options, ...named] of cases) {
    test(titled(options), async (t) => {
      const store = await openStore(t, { durability: 'process' })
      const make = () => new Runtime(store, options as RuntimeOptions)
      assert.throws(make, refusal('HELVE_ERR_OPTION', ...named))
    })
  }

  for (const given of [undefined, {}, 'queue.db']) {
    test(`a value that is no store: ${titled(given)}`, () => {
      assert.throws(() => new Runtime(given as never), refusal('HELVE_ERR_OPTION', 'store'))
    })
  }

  test('a promise of a store', async (t) => {
    const store = openStore(t)
    const refused = refusal('HELVE_ERR_OPTION', 'store', 'a promise', 'await SqliteStore.open')
    assert.throws(() => new Runtime(store as never), refused)
    await store
  })
})

describe('I10: a kind is not registered with', () => {
  const cases: CodedCase[] = [
    ['HELVE_ERR_KIND', ['', {}], 'kind', 'a letter', '""'],
    ['HELVE_ERR_KIND', [5, nothing], 'kind', 'a string', '5'],
    ['HELVE_ERR_KIND', ['constructor', nothing], 'kind', '"constructor"'],
    ['HELVE_ERR_KIND', ['a'.repeat(65), {}], 'kind', '64', '65'],
    ['HELVE_ERR_OPTION', ['a', undefined], 'options', 'an object', 'undefined'],
    ['HELVE_ERR_OPTION', ['a', 'fast'], 'options', 'an object', '"fast"'],
    ['HELVE_ERR_OPTION', ['a', nothing, 5], 'options', 'an object', '5'],
    ['HELVE_ERR_OPTION', ['a', { retries: 5 }], 'options', 'maxAttempts', '"retries"'],
    ['HELVE_ERR_OPTION', ['a', { maxAttempts: 0 }], 'maxAttempts', '1 to 1000', '0'],
    ['HELVE_ERR_OPTION', ['a', { backoff: 5 }], 'backoff', 'an object', '5'],
    ['HELVE_ERR_OPTION', ['a', { backoff: { base: 5 } }], 'backoff', 'delay', '"base"'],
    ['HELVE_ERR_OPTION', ['a', { backoff: { type: 'linear' } }], 'backoff.type', '"linear"'],
    ['HELVE_ERR_OPTION', ['a', { backoff: { maxDelay: NaN } }], 'backoff.maxDelay', 'NaN'],
    ['HELVE_ERR_OPTION', ['a', { backoff: { jitter: 1.1 } }], 'backoff.jitter', '1.1'],
    ['HELVE_ERR_OPTION', ['a', { timeout: 0 }], 'timeout', 'a number', '0'],
    ['HELVE_ERR_OPTION', ['a', { grace: -1 }], 'grace', '-1'],
    ['HELVE_ERR_OPTION', ['a', { lane: 'net' }], 'lane', 'default', '"net"'],
    ['HELVE_ERR_OPTION', ['a', { priority: 1_001 }], 'priority', '1000', '1001'],
    ['HELVE_ERR_OPTION', ['a', { delay: '5' }], 'delay', 'a number', '"5"'],
    ['HELVE_ERR_OPTION', ['a', { schema: {} }], 'schema', 'Standard Schema'],
    ['HELVE_ERR_OPTION', ['a', { backoff: async () => 5 }], 'backoff', 'plain', 'async'],
    ['HELVE_ERR_OPTION', ['a', { group: async () => 'g' }], 'group', 'plain', 'async'],
    ['HELVE_ERR_OPTION', ['a', { backoff: generator }], 'backoff', 'plain', 'generator'],
  ]
  for (const [code, given, ...named] of cases) {
    test(titled(given), async (t) => {
      const { runtime } = await aRuntime(t)
      const [kind, ...rest] = given as [string, object]
      assert.throws(() => runtime.register(kind, ...rest), refusal(code, ...named))
    })
  }
})

describe('I10: the number of threads is not', () => {
  for (const given of [NaN, '4', null, undefined, 1_025, Infinity, {}]) {
    test(titled(given), async (t) => {
      const { runtime } = await aRuntime(t)
      const set = () => runtime.setWorkers(given as number)
      assert.throws(set, refusal('HELVE_ERR_OPTION', 'threads', 'a number'))
    })
  }
})

describe('I10: nothing is looked up, retried or discarded by', () => {
  const refused = refusal('HELVE_ERR_OPTION', 'id', `1 to ${Number.MAX_SAFE_INTEGER}`)
  for (const given of [0, -1, 1.5, NaN, 2 ** 53, '1', null, undefined, {}]) {
    test(`the id ${titled(given)}`, async (t) => {
      const { runtime } = await aRuntime(t)
      for (const verb of ['get', 'retry', 'discard'] as const) {
        const use = async () => runtime[verb](given as number)
        await assert.rejects(use, refused, verb)
      }
    })
  }

  for (const given of [-1, NaN, Infinity, '1', null, undefined, new Date()]) {
    test(`the moment ${titled(given)}`, async (t) => {
      const { runtime } = await aRuntime(t)
      const prune = async () => runtime.pruneDead(given as number)
      await assert.rejects(prune, refusal('HELVE_ERR_OPTION', 'before', 'a number from 0'))
    })
  }

  test('an id that no job has', async (t) => {
    const { runtime } = await aRuntime(t)
    const found = [await runtime.get(1), await runtime.retry(1), await runtime.discard(1)]
    assert.deepEqual(found, [undefined, false, false])
  })
})

const forged = (...position: unknown[]) =>
  Buffer.from(JSON.stringify(position)).toString('base64url')

describe('I10: nothing is listed by', () => {
  const cases: CodedCase[] = [
    ['HELVE_ERR_OPTION', [null], 'query', 'an object', 'null'],
    ['HELVE_ERR_OPTION', [{ status: 'dead' }], 'query', 'state', '"status"'],
    ['HELVE_ERR_OPTION', [{ state: 'done' }], 'state', '"dead"', '"done"'],
    ['HELVE_ERR_KIND', [{ kind: '' }], 'kind', '""'],
    ['HELVE_ERR_OPTION', [{ limit: 0 }], 'limit', '1 to 1000', '0'],
    ['HELVE_ERR_OPTION', [{ limit: '5' }], 'limit', 'an integer', '"5"'],
    ['HELVE_ERR_OPTION', [{ after: 5 }], 'after', 'next', '5'],
    ['HELVE_ERR_OPTION', [{ after: forged('done', 'a', 0, 0, 0) }], 'after', 'next'],
    ['HELVE_ERR_OPTION', [{ after: forged('dead', {}, 0, 0, 0) }], 'after', 'next'],
    ['HELVE_ERR_OPTION', [{ kind: 'b', after: forged('dead', 'a', 0, 0, 1) }], 'after', 'same'],
  ]
  for (const [code, [query], ...named] of cases) {
    test(titled(query), async (t) => {
      const { runtime } = await aRuntime(t)
      const list = async () => runtime.list(query as object)
      await assert.rejects(list, refusal(code, ...named))
    })
  }
})

describe('I10: a runtime is not stopped with', () => {
  const cases: Case[] = [
    [{ timeout: -1 }, 'timeout', '-1'],
    [{ timeout: NaN }, 'timeout', 'NaN'],
    [{ timeout: '5' }, 'timeout', '"5"'],
    [{ tiemout: 5 }, 'timeout', '"tiemout"'],
  ]
  for (const [given, ...named] of cases) {
    test(titled(given), async (t) => {
      const { runtime } = await aRuntime(t)
      const stop = async () => runtime.stop(given as object)
      await assert.rejects(stop, refusal('HELVE_ERR_OPTION', ...named))
      await runtime.enqueue('a')
    })
  }
})

describe('I10: a runtime is not started with', () => {
  const cases: Case[] = [
    [{ wait: -1 }, 'wait', '-1'],
    [{ wait: '5' }, 'wait', '"5"'],
    [{ waits: 5 }, 'wait', '"waits"'],
    [5, 'options', 'an object', '5'],
  ]
  for (const [given, ...named] of cases) {
    test(titled(given), async (t) => {
      const { runtime, store } = await aRuntime(t)
      const refused = refusal('HELVE_ERR_OPTION', ...named)
      await assert.rejects(runtime.start(given as object), refused)
      await assert.rejects(runtime.run(given as object), refused)
      assert.equal(await store.owner(), undefined)
    })
  }

  test('a value that is no AbortSignal', async (t) => {
    const { runtime } = await aRuntime(t)
    const refused = refusal('HELVE_ERR_OPTION', 'signal', 'an AbortSignal')
    await assert.rejects(runtime.run({ signal: new AbortController() as never }), refused)
  })
})

describe('a runtime that has stopped', () => {
  const closed = refusal('HELVE_ERR_CLOSED', 'runtime')
  const verbs: Record<string, (runtime: Runtime) => Promise<unknown>> = {
    enqueue: (runtime) => runtime.enqueue('a'),
    enqueueMany: (runtime) => runtime.enqueueMany([{ kind: 'a' }, { kind: 'b' }]),
    run: (runtime) => runtime.run(),
    runOnce: (runtime) => runtime.runOnce(),
  }
  for (const [verb, use] of Object.entries(verbs)) {
    test(`refuses ${verb}`, async (t) => {
      const { runtime } = await aRuntime(t)
      await runtime.stop()
      await assert.rejects(use(runtime), closed)
      assert.deepEqual(await runtime.counts(), {})
    })
  }

  test('refuses enqueueIn', async (t) => {
    const { runtime, store } = await aRuntime(t)
    await runtime.stop()
    const connection = connect(t, store.file)
    connection.exec('BEGIN')
    assert.throws(() => runtime.enqueueIn(connection, 'a'), closed)
    connection.exec('COMMIT')
    assert.deepEqual(await runtime.counts(), {})
  })

  test('can still be inspected, and stopped again', async (t) => {
    const { runtime } = await aRuntime(t)
    const { id } = await runtime.enqueue('a')
    await runtime.stop()
    assert.equal((await runtime.get(id))?.state, 'queued')
    assert.equal((await runtime.list()).jobs.length, 1)
    await runtime.stop({ timeout: 0 })
  })
})
