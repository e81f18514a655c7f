import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { backoffDelay, type BackoffOptions } from '../../src/job/backoff.ts'

const LOWEST = () => 0
const MIDDLE = () => 0.5
const HIGHEST = () => 1 - Number.EPSILON

describe('the delay before the next run', () => {
  const delays: [name: string, options: BackoffOptions, attempts: Record<number, number>][] = [
    [
      'doubles from 2 s up to 300 s by default',
      {},
      { 1: 2_000, 2: 4_000, 3: 8_000, 7: 128_000, 8: 256_000, 9: 300_000, 1_000: 300_000 },
    ],
    ['doubles from the delay that it is given', { delay: 50 }, { 1: 50, 2: 100, 5: 800 }],
    ['is capped at its maxDelay', { maxDelay: 5_000 }, { 1: 2_000, 2: 4_000, 3: 5_000 }],
    ['is capped from the start', { delay: 9_000, maxDelay: 100 }, { 1: 100, 4: 100 }],
    ['stays the same when fixed', { type: 'fixed', delay: 700 }, { 1: 700, 2: 700, 999: 700 }],
    ['may be 0', { delay: 0 }, { 1: 0, 20: 0, 1_000: 0 }],
    ['is whole milliseconds', { delay: 0.4 }, { 1: 0, 2: 1, 3: 2 }],
    ['takes attempt 0 for the first attempt', {}, { 0: 2_000 }],
  ]
  for (const [name, options, attempts] of delays) {
    test(name, () => {
      for (const [attempt, delay] of Object.entries(attempts)) {
        assert.equal(backoffDelay(options, Number(attempt), MIDDLE), delay, `attempt ${attempt}`)
      }
    })
  }

  const jitters: [jitter: number | undefined, lowest: number, highest: number][] = [
    [undefined, 1_800, 2_200],
    [0, 2_000, 2_000],
    [0.25, 1_500, 2_500],
    [1, 0, 4_000],
  ]
  for (const [jitter, lowest, highest] of jitters) {
    test(`is moved by a jitter of ${jitter ?? 'the default, 0.1,'} at most`, () => {
      const options = jitter === undefined ? {} : { jitter }
      assert.equal(backoffDelay(options, 1, LOWEST), lowest)
      assert.equal(backoffDelay(options, 1, MIDDLE), 2_000)
      assert.equal(backoffDelay(options, 1, HIGHEST), highest)
    })
  }

  test('is moved after the cap, so that jobs at the cap are spread as well', () => {
    assert.equal(backoffDelay({}, 50, LOWEST), 270_000)
    assert.equal(backoffDelay({}, 50, HIGHEST), 330_000)
  })

  test('takes an option that is undefined for one that is not given', () => {
    const options = { type: undefined, delay: undefined, maxDelay: undefined, jitter: undefined }
    assert.equal(backoffDelay(options as unknown as BackoffOptions, 3, MIDDLE), 8_000)
  })
})
