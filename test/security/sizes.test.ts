import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { MAX_ERROR_BYTES, MAX_LOG_BYTES } from '../../src/job/limits.ts'
import { completed, failed, Lane } from '../support/pool/lane.ts'

const SENDERS = new URL('./senders.ts', import.meta.url)
const MIB = 1_048_576

/** Everything that a handler sends, each time beyond its limit. */
const TOO_MUCH: { what: string; n?: number; code: string; named: RegExp }[] = [
  { what: 'progress', code: '_PAYLOAD_TOO_LARGE', named: /^progress: .* 1048576 .* 1048578/ },
  { what: 'followUp', code: '_PAYLOAD_TOO_LARGE', named: /^payload: .* 1048576 .* 1048578/ },
  { what: 'followUps', n: 1_001, code: '_BACKPRESSURE', named: /^follow-ups: .* 1000 / },
  {
    what: 'heavyFollowUps',
    code: '_PAYLOAD_TOO_LARGE',
    named: /^follow-ups: .* 16777216 .* 17825792/,
  },
  { what: 'deliveries', n: 1_001, code: '_BACKPRESSURE', named: /^deliveries: .* 1000 / },
  { what: 'heavyDelivery', code: '_PAYLOAD_TOO_LARGE', named: /^deliveries: .* 16777216 / },
  { what: 'heavyBoth', code: '_PAYLOAD_TOO_LARGE', named: /^deliveries: .* 16777216 / },
]

describe('what a handler sends is bounded', () => {
  const lane = new Lane({ handlers: SENDERS, logLevel: 10 })
  before(() => lane.pool.ready())
  after(() => lane.close())

  for (const { what, n = 0, code, named } of TOO_MUCH) {
    test(`${what}: its run fails, and the next ones do not`, async () => {
      const error = failed(await lane.run(what, { n }))
      assert.deepEqual([error.name, error.code], ['HelveError', `HELVE_ERR${code}`])
      assert.match(error.message, named)
      await lane.worksOn()
      assert.deepEqual(lane.downs, [])
    })
  }

  test('a result: its run completes without it', async () => {
    assert.equal(completed(await lane.run('result')), undefined)
    await lane.worksOn()
  })

  for (const what of ['followUps', 'deliveries'] as const) {
    test(`1,000 ${what} are let through`, async () => {
      const outcome = await lane.run(what, { n: 1_000 })
      assert.ok(outcome.type === 'completed')
      assert.equal(outcome[what].length, 1_000)
    })
  }

  test('every part of an error', async () => {
    const error = failed(await lane.run('error'))
    const sizes = Object.values(error).map((part) => Buffer.byteLength(part))
    assert.deepEqual(sizes, [128, MAX_ERROR_BYTES, MAX_ERROR_BYTES, 128])
  })

  test('the reason why its thread ended', async () => {
    const outcome = await lane.run('crash')
    assert.ok(outcome.type === 'lost' && outcome.reason.length < 2_000)
    assert.match(outcome.reason, /^the thread ended with x{1024}; job \d+ of kind error had run/)
    assert.ok(lane.downs.at(-1)!.length < 2_000)
    await lane.worksOn()
  })

  test('progress: the JSON of the value counts, not the value', async () => {
    const job = await lane.hold({}, 'disguised')
    assert.equal(await lane.recorder.firstProgress(job), 'small')
    await lane.worksOn()
  })

  test('a line of its log, which keeps its job', async () => {
    const before = lane.recorder.lines.length
    const job = lane.start('logs')
    await lane.recorder.until(() => lane.recorder.lines.length === before + 5, 'five lines')
    const [long, diff, throwing, plain, number] = lane.recorder.lines.slice(before)
    assert.equal(Buffer.byteLength(long!.message), MAX_ERROR_BYTES)
    const own = { kind: 'logs', job: job.id, thread: plain!.fields['thread'] }
    const size = `fields: expected at most ${MAX_LOG_BYTES} bytes of JSON, got ${50 * MIB + 34}`
    assert.deepEqual(diff!.fields, { ...own, unloggable: size })
    assert.deepEqual(throwing!.fields, { ...own, unloggable: 'thrown: a value of type object' })
    assert.deepEqual([plain!.message, plain!.fields], ['as it is', { ...own, repo: 7 }])
    assert.equal(number!.message, 'thrown: 42')
    assert.equal((await lane.recorder.outcome(job)).type, 'completed')
    await lane.worksOn()
  })
})
