import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkAttemptStart, type AttemptStart } from '../../src/job/attempt-start.ts'
import { refusal } from '../support/jobs.ts'

const START: AttemptStart = {
  ...{ job: 1, attempt: 1, webhookId: 1, guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958' },
  ...{ event: 'push', action: null, redelivery: false, delivery: null, url: 'http://a/?***' },
}

describe('the start of an attempt', () => {
  test('is taken as the handler makes it', () => {
    const whole = { ...START, action: 'opened', delivery: 7, redelivery: true }
    for (const start of [START, whole]) assert.deepEqual(checkAttemptStart(start), start)
  })

  test('takes nothing else along', () => {
    assert.deepEqual(checkAttemptStart({ ...START, at: 'never', id: 7, now: 5 }), START)
  })

  const bad: [field: string, values: unknown[]][] = [
    ['job', [undefined, 0, 1.5, '1', 2 ** 53, { toString: null }]],
    ['attempt', [undefined, 0, NaN]],
    ['webhookId', [undefined, -1]],
    ['guid', [undefined, '1', 'x'.repeat(1_000_000)]],
    ['event', [undefined, '', 'a\nb', 'x'.repeat(101), '\ud800']],
    ['action', [undefined, 7, 'x'.repeat(101)]],
    ['redelivery', [undefined, 1]],
    ['delivery', [undefined, 0, '7']],
    ['url', [undefined, null, 'x'.repeat(100_001)]],
  ]
  for (const [field, values] of bad) {
    test(`is refused with a bad ${field}`, () => {
      const named = refusal('HELVE_ERR_OPTION', new RegExp(`^${field}: expected`))
      for (const value of values) {
        assert.throws(() => checkAttemptStart({ ...START, [field]: value }), named)
      }
    })
  }

  test('is refused when it is nothing', () => {
    for (const nothing of [undefined, null, 7, 'x', []]) {
      assert.throws(() => checkAttemptStart(nothing), refusal('HELVE_ERR_OPTION', 'job'))
    }
  })
})
