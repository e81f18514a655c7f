import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkOpening, type AttemptOpening } from '../../src/job/attempt-start.ts'
import { refusal } from '../support/jobs.ts'

const ABOUT = {
  ...{ guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958', event: 'push', action: null },
  redelivery: false,
}
const OPENING: AttemptOpening = { job: 1, attempt: 1, webhookId: 1, delivery: null, about: ABOUT }

describe('the opening of an attempt', () => {
  test('is taken as the handler makes it', () => {
    const whole = { ...OPENING, about: { ...ABOUT, action: 'opened', redelivery: true } }
    const published = { ...OPENING, delivery: 7, about: null }
    for (const one of [OPENING, whole, published]) assert.deepEqual(checkOpening(one), one)
  })

  test('takes nothing else along', () => {
    const more = { ...OPENING, about: { ...ABOUT, id: 7 }, at: 'never', url: 'http://a/' }
    assert.deepEqual(checkOpening(more), OPENING)
    const published = { ...OPENING, delivery: 7 }
    assert.deepEqual(checkOpening(published), { ...published, about: null })
  })

  const bad: [field: string, values: unknown[]][] = [
    ['job', [undefined, 0, 1.5, '1', 2 ** 53, { toString: null }]],
    ['attempt', [undefined, 0, NaN]],
    ['webhookId', [undefined, -1]],
    ['delivery', [undefined, 0, '7']],
  ]
  const badAbout: typeof bad = [
    ['guid', [undefined, '1', 'x'.repeat(1_000_000)]],
    ['event', [undefined, '', 'a\nb', 'x'.repeat(101), '\ud800']],
    ['action', [undefined, 7, 'x'.repeat(101)]],
    ['redelivery', [undefined, 1]],
  ]
  for (const [field, values] of [...bad, ...badAbout]) {
    test(`is refused with a bad ${field}`, () => {
      const named = refusal('HELVE_ERR_OPTION', new RegExp(`^${field}: expected`))
      const isAbout = field in ABOUT
      for (const value of values) {
        const over = isAbout ? { about: { ...ABOUT, [field]: value } } : { [field]: value }
        assert.throws(() => checkOpening({ ...OPENING, ...over }), named)
      }
    })
  }

  test('is refused when it is nothing', () => {
    for (const nothing of [undefined, null, 7, 'x', []]) {
      assert.throws(() => checkOpening(nothing), refusal('HELVE_ERR_OPTION', 'job'))
    }
  })
})
