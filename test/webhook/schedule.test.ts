import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryClass } from '../../src/job/delivery.ts'
import {
  deliverWebhookPolicy,
  nextAttempt,
  type Attempted,
  type DeliverySchedule,
} from '../../src/webhook/schedule.ts'
import { refusal } from '../support/jobs.ts'

const [SECOND, MINUTE, HOUR] = [1_000, 60_000, 3_600_000]
const NOW = 1_900_000_000_000
const SCHEDULE = [
  ...[5 * SECOND, MINUTE, 5 * MINUTE, 30 * MINUTE],
  ...[2 * HOUR, 5 * HOUR, 10 * HOUR, 10 * HOUR],
]

/** The next wait; without jitter, unless `random` says otherwise. */
function next(given: Partial<Attempted>, options?: DeliverySchedule, random = 0.5) {
  const attempted = { class: 'temporary', attempt: 1, createdAt: NOW, now: NOW, ...given } as const
  return nextAttempt({ ...attempted, random: () => random, ...(options && { options }) })
}

/** The waits between all attempts of one class. */
function waits(its: DeliveryClass, options?: DeliverySchedule): number[] {
  const all: number[] = []
  for (let attempt = 1; ; attempt++) {
    const wait = next({ class: its, attempt }, options)
    if (wait === undefined) return all
    all.push(wait)
  }
}

describe('the schedule of a delivery', () => {
  it('has nine attempts in 27.6 hours', () => {
    assert.deepEqual(waits('temporary'), SCHEDULE)
    const total = SCHEDULE.reduce((sum, wait) => sum + wait)
    assert.equal((total / HOUR).toFixed(1), '27.6')
  })

  it('is the same for a throttled receiver that names no time', () => {
    assert.deepEqual(waits('throttled'), SCHEDULE)
  })

  it('ends after five attempts of the class configuration', () => {
    assert.deepEqual(waits('configuration'), SCHEDULE.slice(0, 4))
    assert.deepEqual(waits('configuration', { configurationAttempts: 1 }), [])
    assert.deepEqual(waits('configuration', { configurationAttempts: 100 }), SCHEDULE)
  })

  it('ends at once for the classes gone and never sent', () => {
    assert.deepEqual(waits('gone'), [])
    assert.deepEqual(waits('never sent'), [])
  })

  it('moves each wait by a fifth, both ways', () => {
    assert.equal(next({}, {}, 0), 4 * SECOND)
    assert.equal(next({}, {}, 1), 6 * SECOND)
    assert.equal(next({ attempt: 8 }, {}, 0), 8 * HOUR)
    assert.equal(next({}, { jitter: 0 }, 0), 5 * SECOND)
  })

  it('waits for as long as a throttled receiver asks, if the schedule is shorter; a day at most', () => {
    const asked = (retryAfter: number) => next({ class: 'throttled', retryAfter })
    assert.equal(asked(1), 5 * SECOND)
    assert.equal(asked(7 * SECOND), 7 * SECOND)
    assert.equal(asked(100 * HOUR), 24 * HOUR)
    assert.equal(next({ retryAfter: HOUR }), 5 * SECOND)
  })

  it('makes no attempt later than 72 hours after the delivery was enqueued', () => {
    const old = (age: number, more?: DeliverySchedule) => next({ now: NOW + age }, more)
    assert.equal(old(72 * HOUR - 5 * SECOND), 5 * SECOND)
    assert.equal(old(72 * HOUR - 4 * SECOND), undefined)
    assert.equal(old(1_000 * HOUR), undefined)
    assert.equal(old(1_000 * HOUR, { expiry: Infinity }), 5 * SECOND)
    assert.equal(old(0, { expiry: 0 }), undefined)
    const late = { class: 'throttled', retryAfter: 20 * HOUR, now: NOW + 60 * HOUR } as const
    assert.equal(next(late), undefined)
  })

  it('follows the waits that the options give', () => {
    assert.deepEqual(waits('temporary', { schedule: [1, 2] }), [1, 2])
    assert.deepEqual(waits('temporary', { schedule: [] }), [])
  })
})

describe('the policy of deliver_webhook', () => {
  const backoffs = ({ backoff, maxAttempts }: ReturnType<typeof deliverWebhookPolicy>): number[] =>
    Array.from({ length: maxAttempts - 1 }, (_, at) => backoff(at + 1, { name: '', message: '' }))

  it('has the waits of the schedule', () => {
    const policy = deliverWebhookPolicy()
    assert.equal(policy.maxAttempts, 9)
    const all = backoffs(policy)
    for (const [at, wait] of SCHEDULE.entries()) {
      assert.ok(all[at]! >= wait * 0.8 && all[at]! <= wait * 1.2, `${at}: ${all[at]}`)
    }
    assert.deepEqual(backoffs(deliverWebhookPolicy({ jitter: 0 })), SCHEDULE)
  })

  it('makes each hook a group with a breaker', () => {
    const { group, groupConcurrency, groupRate, breaker } = deliverWebhookPolicy()
    assert.deepEqual([group({ webhook_pk: 7 }), groupConcurrency], ['7', 2])
    assert.deepEqual([groupRate, breaker], [{ limit: 10, per: 1_000 }, {}])
  })

  it('has the waits that the host gives, and repeats the last one for further attempts', () => {
    const policy = deliverWebhookPolicy({ schedule: [10, 20], jitter: 0 })
    assert.equal(policy.maxAttempts, 3)
    assert.deepEqual(backoffs({ ...policy, maxAttempts: 5 }), [10, 20, 20, 20])
    const once = deliverWebhookPolicy({ schedule: [] })
    assert.equal(once.maxAttempts, 1)
    assert.deepEqual(backoffs({ ...once, maxAttempts: 2 }), [0])
  })

  const bad: [object, string][] = [
    [{ schedule: 5 }, 'schedule'],
    [{ schedule: [5, -1] }, 'schedule[1]'],
    [{ schedule: [NaN] }, 'schedule[0]'],
    [{ schedule: Array.from({ length: 1_000 }, () => 1) }, 'schedule'],
    [{ jitter: 2 }, 'jitter'],
    [{ expiry: 5 }, 'expiry'],
  ]
  for (const [options, named] of bad) {
    it(`I10: refuses ${JSON.stringify(options).slice(0, 40)}`, () => {
      assert.throws(() => deliverWebhookPolicy(options), refusal('HELVE_ERR_OPTION', named))
    })
  }
})
