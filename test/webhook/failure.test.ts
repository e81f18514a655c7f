import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isPermanent, retryAt } from '../../src/job/errors.ts'
import { failureOf } from '../../src/webhook/failure.ts'

const NOW = Date.UTC(2026, 0, 1)

function failure(status: number, retryAfter?: string | string[]) {
  const headers = retryAfter === undefined ? {} : { 'retry-after': retryAfter }
  return failureOf({ status, headers, body: new Uint8Array(), truncated: false }, NOW)
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
