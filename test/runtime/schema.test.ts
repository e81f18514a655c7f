import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HelveError, Runtime, type Schema, type SchemaResult } from '../../src/index.ts'
import { refusal } from '../support/jobs.ts'
import { loopTurn } from '../support/signal.ts'
import { connect, openStore } from '../support/store.ts'
import type { TestContext } from 'node:test'

type Validate = Schema['~standard']['validate']

/** A Standard Schema by hand: https://standardschema.dev */
function schema(validate: Validate): Schema {
  return { '~standard': { version: 1, vendor: 'test', validate } }
}

const positive: Validate = (value): SchemaResult => {
  const { repo_pk } = value as { repo_pk?: unknown }
  if (typeof repo_pk !== 'number') {
    return { issues: [{ message: 'must be a number', path: ['repo_pk'] }, { message: 'no good' }] }
  }
  if (repo_pk > 0) return { value: { repo_pk, checked: true } }
  return { issues: [{ message: 'must be positive', path: [{ key: 'repo_pk' }, 0] }] }
}

async function setUp(t: TestContext, validate: Validate) {
  const store = await openStore(t)
  const runtime = new Runtime(store)
  runtime.register('reindex', () => undefined, { schema: schema(validate) })
  return { store, runtime }
}

const variants: Record<string, Validate> = {
  'a synchronous schema': positive,
  'an asynchronous schema': async (value) => positive(value),
}

for (const [name, validate] of Object.entries(variants)) {
  describe(name, () => {
    test('I10: refuses a payload, and names each field that does not fit', async (t) => {
      const { runtime } = await setUp(t, validate)
      const refused = refusal(
        'HELVE_ERR_PAYLOAD',
        'payload.repo_pk: must be a number',
        'payload: no good',
      )
      await assert.rejects(runtime.enqueue('reindex', { repo_pk: 'x' }), refused)
      const nested = refusal('HELVE_ERR_PAYLOAD', 'payload.repo_pk.0: must be positive')
      await assert.rejects(runtime.enqueue('reindex', { repo_pk: -1 }), nested)
      assert.deepEqual(await runtime.counts(), {})
    })

    test('the job carries the value that the schema returned', async (t) => {
      const { runtime } = await setUp(t, validate)
      const { id } = await runtime.enqueue('reindex', { repo_pk: 5 })
      assert.deepEqual((await runtime.get(id))?.payload, { repo_pk: 5, checked: true })
    })

    test('I10: a payload that it refuses leaves the others of a batch unaffected', async (t) => {
      const { runtime } = await setUp(t, validate)
      const payloads = [{ repo_pk: 1 }, { repo_pk: -1 }, { repo_pk: 2 }]
      const submissions = payloads.map((payload) => ({ kind: 'reindex', payload }))
      const check = refusal('HELVE_ERR_PAYLOAD', '1 of 3', 'submissions[1]', 'must be positive')
      await assert.rejects(runtime.enqueueMany(submissions), (error: HelveError) => {
        check(error)
        const [first, second, third] = error.results ?? []
        assert.ok(first && 'id' in first && third && 'id' in third)
        refusal('HELVE_ERR_PAYLOAD', 'must be positive')(second)
        return true
      })
      assert.deepEqual(await runtime.counts(), { reindex: { queued: 2, running: 0, dead: 0 } })
    })
  })
}

test('enqueueIn takes a synchronous schema, and no other', async (t) => {
  const { store, runtime } = await setUp(t, positive)
  const connection = connect(t, store.file)
  connection.exec('BEGIN IMMEDIATE')
  const { id } = runtime.enqueueIn(connection, 'reindex', { repo_pk: 5 })
  const refused = refusal('HELVE_ERR_PAYLOAD', 'payload.repo_pk')
  assert.throws(() => runtime.enqueueIn(connection, 'reindex', {}), refused)
  runtime.register('reindex', () => undefined, { schema: schema(async (v) => positive(v)) })
  const asynchronous = refusal('HELVE_ERR_OPTION', 'schema', 'synchronous')
  assert.throws(() => runtime.enqueueIn(connection, 'reindex', { repo_pk: 6 }), asynchronous)
  connection.exec('COMMIT')
  assert.deepEqual((await runtime.get(id))?.payload, { repo_pk: 5, checked: true })
  assert.deepEqual(await runtime.counts(), { reindex: { queued: 1, running: 0, dead: 0 } })
})

test('a schema that throws makes the call reject with its message', async (t) => {
  const { runtime } = await setUp(t, () => {
    throw new RangeError('broken schema')
  })
  await assert.rejects(
    runtime.enqueue('reindex'),
    refusal('HELVE_ERR_PAYLOAD', 'payload', 'broken schema'),
  )
  assert.deepEqual(await runtime.counts(), {})
})

describe('I12: an odd answer of a schema ends neither the process nor a transaction', () => {
  const throws = (): never => {
    throw new RangeError('a mistake of the host')
  }
  const mistake = { reject: () => Promise.reject(new RangeError('a mistake of the host')) }
  const answers: [what: string, validate: (value: unknown) => unknown, named: string][] = [
    ['nothing', () => undefined, 'neither a value nor issues'],
    ['null', () => null, 'neither a value nor issues'],
    ['issues that are no list', () => ({ issues: 'bad' }), 'neither a value nor issues'],
    ['no issues', () => ({ issues: null }), 'neither a value nor issues'],
    ['an empty list of issues', () => ({ issues: [] }), 'neither a value nor issues'],
    ['an issue that is null', () => ({ issues: [null] }), 'payload: is not as its schema wants it'],
    [
      'an issue with an odd path',
      () => ({ issues: [{ path: [null, {}, 5, Symbol('s'), { key: 'k' }], message: 'bad' }] }),
      'payload.null.an object.5.Symbol(s).k: bad',
    ],
    [
      'an issue that throws when it is read',
      () => ({ issues: [Object.defineProperty({}, 'message', { get: throws })] }),
      'payload: is not as its schema wants it',
    ],
    ['a rejection', mistake.reject, 'a mistake of the host'],
    [
      'a rejection of a thenable',
      () => ({ then: (_: unknown, reject: (error: Error) => void) => reject(new Error('later')) }),
      'later',
    ],
  ]
  for (const [what, validate, named] of answers) {
    test(what, async (t) => {
      const { runtime, store } = await setUp(t, validate as Validate)
      const refused = refusal('HELVE_ERR_PAYLOAD', named)
      await assert.rejects(runtime.enqueue('reindex', { repo_pk: 5 }), refused)
      // Several at a time: after the first rejection, nobody waits for the second one.
      const many = [1, 2, 3].map((repo_pk) => ({ kind: 'reindex', payload: { repo_pk } }))
      const error = await runtime.enqueueMany(many).catch((thrown: unknown) => thrown)
      for (const result of (error as HelveError).results ?? []) refused(result)
      assert.equal((error as HelveError).results?.length, 3)
      const connection = connect(t, store.file)
      connection.exec('BEGIN IMMEDIATE')
      const now = () => runtime.enqueueIn(connection, 'reindex', {})
      assert.throws(now, HelveError)
      connection.exec('COMMIT')
      assert.deepEqual(await runtime.counts(), {})
      await loopTurn()
    })
  }

  test('a submission that throws when it is read has a refusal of its own', async (t) => {
    const { runtime } = await setUp(t, positive)
    const bad = new Proxy({}, { ownKeys: throws })
    const error = await runtime.enqueueMany([bad as never]).catch((thrown: unknown) => thrown)
    refusal(
      'HELVE_ERR_OPTION',
      'submission',
      'a mistake of the host',
    )((error as HelveError).results?.[0])
  })
})
