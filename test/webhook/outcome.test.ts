import assert from 'node:assert/strict'
import { it } from 'node:test'
import { PermanentError } from '../../src/job/errors.ts'
import type { DeliveryClass } from '../../src/job/delivery.ts'
import { classOf } from '../../src/webhook/outcome.ts'
import { TransportError } from '../../src/webhook/transport-error.ts'

const statuses: [DeliveryClass, number[]][] = [
  ['ok', [200, 201, 202, 204, 299]],
  ['temporary', [408, 425, 500, 502, 503, 504, 599, 999]],
  ['throttled', [429]],
  ['configuration', [199, 300, 301, 302, 304, 307, 308, 400, 401, 403, 404, 405, 413, 422, 451]],
  ['gone', [410]],
]
for (const [expected, all] of statuses) {
  it(`${all.join(', ')}: ${expected}`, () => {
    for (const status of all) assert.equal(classOf({ status, headers: {} }), expected, `${status}`)
  })
}

it('a 503 with Retry-After is throttled; the header changes no other class', () => {
  const headers = { 'retry-after': '120' }
  assert.equal(classOf({ status: 503, headers }), 'throttled')
  assert.equal(classOf({ status: 500, headers }), 'temporary')
  assert.equal(classOf({ status: 404, headers }), 'configuration')
  assert.equal(classOf({ status: 200, headers }), 'ok')
})

const codes: [DeliveryClass, string[]][] = [
  [
    'temporary',
    [
      ...['EAI_AGAIN', 'ETIMEOUT', 'ESERVFAIL', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'],
      ...['EHOSTUNREACH', 'ENETUNREACH', 'UND_ERR_SOCKET', 'TIMEOUT', 'ABORTED', 'UNHEARD_OF'],
    ],
  ],
  [
    'configuration',
    [
      ...['ENOTFOUND', 'ENODATA', 'EPROTO', 'HPE_INVALID_CONSTANT', 'UND_ERR_HEADERS_OVERFLOW'],
      ...['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID', 'DEPTH_ZERO_SELF_SIGNED_CERT'],
      ...['SELF_SIGNED_CERT_IN_CHAIN', 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'CRL_HAS_EXPIRED'],
      ...['UNABLE_TO_GET_ISSUER_CERT_LOCALLY', 'ERR_TLS_CERT_ALTNAME_INVALID'],
      'ERR_SSL_WRONG_VERSION_NUMBER',
    ],
  ],
]
for (const [expected, all] of codes) {
  it(`${all.join(', ')}: ${expected}`, () => {
    for (const code of all) {
      assert.equal(
        classOf(TransportError.from(Object.assign(new Error('x'), { code }))),
        expected,
        code,
      )
    }
  })
}

it('the name of an error without a code gives the class', () => {
  const error = Object.assign(new Error('x'), { name: 'HTTPParserError' })
  assert.equal(classOf(TransportError.from(error)), 'configuration')
  assert.equal(classOf(new Error('x')), 'temporary')
})

it('a permanent error has the class never sent', () => {
  assert.equal(classOf(new PermanentError('url: expected http or https')), 'never sent')
})
