import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import type { RuntimeOptions } from '../../src/index.ts'
import { refusal } from '../support/jobs.ts'
import {
  BAD_PAYLOADS_OF_A_SCHEMA,
  BAD_SUBMISSIONS,
  schema,
  strict,
} from '../support/runtime/bad-submissions.ts'
import { signal } from '../support/signal.ts'
import { connect } from '../support/store.ts'
import { aRuntime, titled } from './empty-runtime.ts'

const submissions = [...BAD_SUBMISSIONS, ...BAD_PAYLOADS_OF_A_SCHEMA]

/** The counts of a kind with one queued job. */
const one = { queued: 1, running: 0, dead: 0 }
const nothing = () => undefined

/** A runtime, and the host's own connection with a transaction open. */
async function inTransaction(t: TestContext, options?: RuntimeOptions) {
  const { runtime, store } = await aRuntime(t, options)
  const connection = connect(t, store.file)
  connection.exec('BEGIN IMMEDIATE')
  return { runtime, store, connection }
}

describe("I10: enqueueIn, in the host's transaction", () => {
  test('enqueues with the commit, and not with a rollback', async (t) => {
    const { runtime, connection } = await inTransaction(t)
    runtime.enqueueIn(connection, 'a')
    connection.exec('ROLLBACK; BEGIN IMMEDIATE')
    const { id, deduped, state } = runtime.enqueueIn(connection, 'a', { repo_pk: 5 })
    assert.deepEqual([deduped, state, await runtime.counts()], [false, 'queued', {}])
    connection.exec('COMMIT')
    assert.deepEqual(await runtime.counts(), { a: one })
    assert.deepEqual((await runtime.get(id))?.payload, { repo_pk: 5 })
  })

  test('wakes the runtime at the commit, long before the idle poll', async (t) => {
    const { runtime, connection } = await inTransaction(t, { idle: 60_000 })
    connection.exec('ROLLBACK')
    const ran = { first: signal('the first run'), second: signal("the run of the host's job") }
    runtime.register('first', nothing)
    runtime.register('second', () => ran.second.fire())
    runtime.on('completed', ({ job }) => job.kind === 'first' && ran.first.fire())
    const running = runtime.run()
    await runtime.enqueue('first')
    await ran.first.wait()
    connection.transaction(() => runtime.enqueueIn(connection, 'second'))()
    await ran.second.wait()
    await runtime.stop()
    await running
  })

  test('refuses only the bad input: the transaction goes on', async (t) => {
    const { runtime, connection } = await inTransaction(t)
    runtime.register('strict', { schema: strict })
    const enqueueIn = runtime.enqueueIn.bind(runtime) as (...given: unknown[]) => unknown
    runtime.enqueueIn(connection, 'a')
    for (const [code, given, ...named] of submissions) {
      assert.throws(() => enqueueIn(connection, ...given), refusal(code, ...named), titled(given))
    }
    assert.equal(connection.inTransaction, true)
    connection.exec('COMMIT')
    assert.deepEqual(await runtime.counts(), { a: one })
  })

  test('refuses a schema that is asynchronous', async (t) => {
    const { runtime, connection } = await inTransaction(t)
    runtime.register('slow', { schema: schema(async (value) => ({ value })) })
    const enqueue = () => runtime.enqueueIn(connection, 'slow')
    assert.throws(enqueue, refusal('HELVE_ERR_OPTION', 'schema', 'synchronous'))
    connection.exec('COMMIT')
    assert.deepEqual(await runtime.counts(), {})
  })

  test('refuses a connection without a transaction', async (t) => {
    const { runtime, connection } = await inTransaction(t)
    connection.exec('COMMIT')
    const refused = refusal('HELVE_ERR_OPTION', 'connection', 'open transaction')
    for (const given of [connection, undefined, null, {}, 'forge.db']) {
      assert.throws(() => runtime.enqueueIn(given as never, 'a'), refused, titled(given))
    }
    assert.deepEqual(await runtime.counts(), {})
  })

  test('refuses a connection to another file', async (t) => {
    const { runtime, store } = await inTransaction(t)
    const other = await inTransaction(t)
    const refused = refusal('HELVE_ERR_OPTION', 'connection', store.file, other.store.file)
    assert.throws(() => runtime.enqueueIn(other.connection, 'a'), refused)
    const memory = connect(t, ':memory:')
    memory.exec('BEGIN')
    const none = refusal('HELVE_ERR_OPTION', 'connection', store.file, ':memory:')
    assert.throws(() => runtime.enqueueIn(memory, 'a'), none)
    other.connection.exec('COMMIT')
    assert.deepEqual([await runtime.counts(), await other.runtime.counts()], [{}, {}])
  })
})
