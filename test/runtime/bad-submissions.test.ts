import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { HelveError } from '../../src/job/errors.ts'
import { refusal } from '../support/jobs.ts'
import {
  BAD_PAYLOADS_OF_A_SCHEMA,
  BAD_SUBMISSIONS,
  schema,
  strict,
} from '../support/runtime/bad-submissions.ts'
import { aRuntime, titled } from './empty-runtime.ts'

const submissions = [...BAD_SUBMISSIONS, ...BAD_PAYLOADS_OF_A_SCHEMA]

/** A bad value, and what the message of its refusal has to contain. */
type Case = [given: unknown, ...named: (string | RegExp)[]]

/** The counts of a kind with one queued job. */
const one = { queued: 1, running: 0, dead: 0 }

type Loose = (kind: unknown, payload?: unknown, options?: unknown) => Promise<unknown>

describe('I10: nothing is enqueued of', () => {
  for (const [code, given, ...named] of submissions) {
    test(titled(given), async (t) => {
      const { runtime } = await aRuntime(t)
      runtime.register('strict', { schema: strict })
      const enqueue = runtime.enqueue.bind(runtime) as Loose
      const [kind, payload, options] = given
      await assert.rejects(enqueue(kind, payload, options), refusal(code, ...named))
      assert.deepEqual(await runtime.counts(), {})
    })
  }
})

describe('I10: enqueueMany', () => {
  const good = { kind: 'good' }

  test('refuses only bad submissions, and names them: the others are enqueued', async (t) => {
    const { runtime } = await aRuntime(t)
    runtime.register('strict', { schema: strict })
    const refused = submissions
      .filter(([, [, , options = {}]]) => titled(options).startsWith('{'))
      .map(([code, [kind, payload, more]]) => ({ code, bad: { kind, payload, ...Object(more) } }))
    const many = refused.flatMap(({ bad }) => [good, bad])
    const error = await runtime.enqueueMany(many as never).catch((thrown: unknown) => thrown)
    refusal(refused[0]!.code, `${refused.length} of ${many.length}`, 'submissions[1]: kind')(error)
    const { results } = error as HelveError
    assert.deepEqual(
      results?.map((result) => (result instanceof HelveError ? result.code : result.state)),
      refused.flatMap(({ code }) => ['queued', code]),
    )
    assert.deepEqual(await runtime.counts(), { good: { ...one, queued: refused.length } })
  })

  const entries: Case[] = [
    [null, 'submission', 'an object', 'null'],
    ['a', 'submission', 'an object', '"a"'],
    [[], 'submission', 'an object', 'an array'],
    [{ kind: 'a', paylod: 1 }, 'submission', 'payload', '"paylod"'],
  ]
  for (const [entry, ...named] of entries) {
    test(`refuses an entry that is no submission: ${titled(entry)}`, async (t) => {
      const { runtime } = await aRuntime(t)
      const many = runtime.enqueueMany([entry, good] as never)
      await assert.rejects(many, refusal('HELVE_ERR_OPTION', '1 of 2', ...named))
      assert.deepEqual(await runtime.counts(), { good: one })
    })
  }

  test('enqueues the others if a schema throws', async (t) => {
    const { runtime } = await aRuntime(t)
    const broken = schema(() => {
      throw new Error('a mistake of the host')
    })
    runtime.register('broken', { schema: broken })
    const many = [good, { kind: 'broken' }, good, ...Array.from({ length: 1_000 }, () => good)]
    await assert.rejects(runtime.enqueueMany(many), /a mistake of the host/)
    assert.deepEqual(await runtime.counts(), { good: { ...one, queued: 1_002 } })
  })

  for (const given of [undefined, null, 'a', { kind: 'a' }, 5]) {
    test(`refuses a value that is no array: ${titled(given)}`, async (t) => {
      const { runtime } = await aRuntime(t)
      const many = async () => runtime.enqueueMany(given as never)
      await assert.rejects(many, refusal('HELVE_ERR_OPTION', 'submissions', 'an array'))
    })
  }
})
