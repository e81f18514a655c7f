import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { AttemptOutcome } from '../../../src/job/delivery.ts'
import { afterAttempt, type Health } from '../../../src/store/rules/disabling.ts'

const DAY = 24 * 60 * 60 * 1_000
const NOW = 1_800_000_000_000
const FINE: Health = { active: true, failingSince: null, failures: 0, disabledReason: null }

/** Attempts with one outcome, at the given moments. */
function after(health: Health, outcome: AttemptOutcome, moments: number[], event = 'push'): Health {
  const error = outcome === 'ok' ? null : 'status 500'
  return moments.reduce((last, now) => afterAttempt(last, { outcome, event, error }, now), health)
}

/** As many moments, evenly from now on, the last one at `until`. */
function moments(count: number, until: number): number[] {
  return Array.from({ length: count }, (_, n) => NOW + (n * until) / (count - 1))
}

describe('a hook', () => {
  test('is disabled after 5 days of nothing but failures, with the reason', () => {
    const before = after(FINE, 'temporary', moments(50, 5 * DAY - 1))
    assert.deepEqual([before.active, before.failures], [true, 50])
    const { active, disabledReason } = after(before, 'configuration', [NOW + 5 * DAY])
    assert.equal(active, false)
    assert.equal(disabledReason, 'all 51 attempts of 5 days have failed, the last one: status 500')
  })

  test('is disabled by no fewer than 10 failures, however long they take', () => {
    const before = after(FINE, 'temporary', moments(9, 60 * DAY))
    assert.equal(before.active, true)
    assert.equal(after(before, 'temporary', [NOW + 61 * DAY]).active, false)
  })

  test('counts anew from a success on', () => {
    const failing = after(FINE, 'temporary', moments(50, 5 * DAY - 1))
    const fine = after(failing, 'ok', [NOW + 5 * DAY])
    assert.deepEqual(fine, FINE)
    assert.equal(after(fine, 'temporary', [NOW + 5 * DAY + 1]).failingSince, NOW + 5 * DAY + 1)
  })

  test('is disabled at once by a receiver that is gone', () => {
    const { active, disabledReason } = after(FINE, 'gone', [NOW])
    assert.equal(active, false)
    assert.match(disabledReason ?? '', /^the receiver answered 410/)
  })

  test('is no worse for attempts that say nothing of its receiver', () => {
    for (const outcome of ['never sent', 'interrupted'] as const) {
      assert.deepEqual(after(FINE, outcome, moments(50, 60 * DAY)), FINE)
    }
  })

  test('becomes active again by a ping that succeeds, and by no other event', () => {
    const disabled = after(FINE, 'gone', [NOW])
    assert.equal(after(disabled, 'ok', [NOW + 1], 'push').active, false)
    assert.equal(after(disabled, 'temporary', [NOW + 1], 'ping').active, false)
    assert.deepEqual(after(disabled, 'ok', [NOW + 1], 'ping'), FINE)
  })

  test('stays inactive after a ping, if its owner has made the hook inactive', () => {
    const inactive = { ...FINE, active: false }
    assert.equal(after(inactive, 'ok', [NOW], 'ping').active, false)
  })
})
