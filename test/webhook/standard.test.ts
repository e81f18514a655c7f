import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Webhook } from 'standardwebhooks'
import { standardHeaders } from '../../src/webhook/standard.ts'

const guid = '72d3162e-cc78-11e3-81ab-4c9367dc0958'
const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const body = JSON.stringify({ ref: 'refs/heads/main', text: 'é🎉\u2028\ud800 &=+%' })

function message(at = Date.now()) {
  return { guid, at, bytes: new TextEncoder().encode(body) }
}

function accepts(receiver: Webhook, headers: Record<string, string>, text = body): boolean {
  try {
    assert.deepEqual(receiver.verify(text, headers), JSON.parse(text))
    return true
  } catch (error) {
    if ((error as Error).name === 'WebhookVerificationError') return false
    throw error
  }
}

it('signs as the reference implementation does', () => {
  const at = 1_674_087_231_999
  const headers = standardHeaders(message(at), [secret])
  assert.deepEqual(headers, {
    'webhook-id': guid,
    'webhook-timestamp': '1674087231',
    'webhook-signature': new Webhook(secret).sign(guid, new Date(at), body),
  })
})

it('a receiver with the secret accepts the signature, and no other receiver does', () => {
  const headers = standardHeaders(message(), [secret])
  assert.ok(accepts(new Webhook(secret), headers))
  assert.ok(!accepts(new Webhook('whsec_YW5vdGhlciBzZWNyZXQ='), headers))
  assert.ok(!accepts(new Webhook(secret), headers, '{}'))
  assert.ok(!accepts(new Webhook(secret), { ...headers, 'webhook-id': 'another' }))
})

it('a secret without base64 behind whsec_ signs by the bytes of its text', () => {
  for (const text of ["It's a Secret to Everybody", 'naïve 🔑', 'whsec_no base64', 'whsec_']) {
    const receiver = new Webhook(new TextEncoder().encode(text), { format: 'raw' })
    assert.ok(accepts(receiver, standardHeaders(message(), [text])), text)
  }
})

it('receivers with the old and with the new secret accept the signature while both hold', () => {
  const newer = 'whsec_YW5vdGhlciBzZWNyZXQ='
  const headers = standardHeaders(message(), [newer, secret])
  assert.match(headers['webhook-signature']!, /^v1,[\w+/]{43}= v1,[\w+/]{43}=$/)
  assert.ok(accepts(new Webhook(newer), headers))
  assert.ok(accepts(new Webhook(secret), headers))
})

it('a receiver refuses the signature ten minutes later', () => {
  const headers = standardHeaders(message(Date.now() - 600_000), [secret])
  assert.ok(!accepts(new Webhook(secret), headers))
})

it('there is no signature without a secret', () => {
  assert.deepEqual(Object.keys(standardHeaders(message(), [])), ['webhook-id', 'webhook-timestamp'])
})
