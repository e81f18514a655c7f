import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isPermanent, PermanentError, retryAt } from '../../src/job/errors.ts'
import { failureOf, type FailureContext } from '../../src/webhook/failure.ts'
import { checkedLimits } from '../../src/webhook/schedule.ts'
import { TransportError } from '../../src/webhook/transport-error.ts'

const NOW = Date.UTC(2026, 0, 1)
const HOUR = 3_600_000

function context(more: Partial<FailureContext> = {}): FailureContext {
  return { attempt: 1, createdAt: NOW, now: NOW, limits: checkedLimits({}), ...more }
}

function failure(status: number, retryAfter?: string | string[], more?: Partial<FailureContext>) {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  const response = { status, headers, body: new Uint8Array(), truncated: false }
  return failureOf(response, context(more))
}

it('there is no failure for a 2xx', () => {
  for (const status of [200, 201, 204, 299]) assert.equal(failure(status), undefined)
})

it('names the status', () => {
  assert.equal(failure(500)?.message, 'expected a 2xx status, got 500')
  assert.equal(failure(301)?.message, 'expected a 2xx status, got 301: redirects are not followed')
})

it('is permanent for 410 only', () => {
  for (const status of [199, 301, 400, 404, 408, 410, 429, 500, 503, 999]) {
    assert.equal(isPermanent(failure(status)), status === 410, String(status))
  }
})

const delays: [string, number, string | string[] | undefined, number | undefined][] = [
  ['seconds', 429, '120', 120_000],
  ['a date', 503, 'Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
  ['more than a day', 429, '999999999999999999999', 86_400_000],
  ['a date in a hundred years', 429, 'Thu, 01 Jan 2126 00:00:00 GMT', 86_400_000],
  ['zero seconds', 429, '0', undefined],
  ['less than the backoff', 429, '1', 1_000],
  ['a date that is over', 503, 'Wed, 31 Dec 2025 00:00:00 GMT', undefined],
  ['neither seconds nor a date', 503, 'soon', undefined],
  ['two values', 503, ['120', '240'], undefined],
  ['no value', 429, undefined, undefined],
  ['seconds, but another status', 500, '120', undefined],
]
for (const [name, status, header, delay] of delays) {
  it(`waits ${delay ?? 'for the backoff'} on Retry-After with ${name}`, () => {
    const at = retryAt(failure(status, header), NOW)
    assert.equal(at, delay === undefined ? undefined : NOW + delay)
  })
}

it('is permanent at the fifth attempt of the class configuration', () => {
  const fifth = { attempt: 5 }
  for (const [status, attempt, ends] of [
    [404, 4, false],
    [404, 5, true],
    [302, 6, true],
    [500, 6, false],
    [429, 6, false],
  ] as const) {
    assert.equal(isPermanent(failure(status, undefined, { attempt })), ends, `${status} ${attempt}`)
  }
  assert.equal(
    failure(404, undefined, fifth)?.message,
    'expected a 2xx status, got 404: not repaired within 5 attempts',
  )
  const code = 'CERT_HAS_EXPIRED'
  const expired = new TransportError(code, 'certificate has expired')
  assert.equal(failureOf(expired, context({ attempt: 4 })), expired)
  const ended = failureOf(expired, context(fifth))
  assert.ok(isPermanent(ended))
  assert.equal(ended?.message, 'certificate has expired: not repaired within 5 attempts')
  assert.equal(ended.cause, expired)
})

it('is permanent if the delivery is 72 hours old now, or at the time the receiver asks for', () => {
  const age = (hours: number) => ({ createdAt: NOW - hours * HOUR })
  assert.ok(!isPermanent(failure(500, undefined, age(71))))
  assert.equal(
    failure(500, undefined, age(72))?.message,
    'expected a 2xx status, got 500: not delivered within 4320 min',
  )
  assert.ok(isPermanent(failure(500, undefined, age(72))))
  assert.ok(isPermanent(failure(429, '7200', age(71))))
  const patient = { ...age(9_999), limits: checkedLimits({ expiry: Infinity }) }
  assert.ok(!isPermanent(failure(500, undefined, patient)))
})

it('returns a permanent error as it is', () => {
  const refused = new PermanentError('url: expected http or https')
  assert.equal(failureOf(refused, context()), refused)
})
