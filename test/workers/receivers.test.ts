import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it, type TestContext } from 'node:test'
import { sign, verify, verifyWithFallback } from '@octokit/webhooks-methods'
import { Webhook as Receiver } from 'standardwebhooks'
import type { NewWebhook } from '../../src/job/webhook.ts'
import { deliverWebhookHandler } from '../../workers/handlers.ts'
import { openStore } from '../support/store.ts'
import { httpEndpoint } from '../support/webhook/endpoints.ts'
import { run } from './run.ts'

const payload = {
  ref: 'refs/heads/main',
  text: 'é🎉\u2028\u2029 &=+%',
  half: '\ud800',
  other: '\udc00',
}
const OLD = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const NEW = 'whsec_YW5vdGhlciBzZWNyZXQgb2YgbWluZQ=='

/** A hook in a store with a key, and a function that delivers to the hook. */
async function hooked(t: TestContext, hook: Partial<NewWebhook>) {
  const store = await openStore(t, { webhooks: { key: new Uint8Array(32).fill(1) } })
  const { url, received } = await httpEndpoint(t, (response) => response.end())
  const id = await store.webhooks.create({ url, ...hook })
  const handler = deliverWebhookHandler({ hooks: store.webhooks })
  const deliver = async () => {
    const ran = await run(handler, { webhook_pk: id, event: 'push', payload })
    assert.equal(ran.error, undefined)
    const { headers, body } = received.at(-1)!
    const text = body.toString()
    assert.deepEqual(Buffer.from(text), body)
    return { headers: headers as Record<string, string>, text, record: ran.records[0]! }
  }
  return { id, webhooks: store.webhooks, deliver }
}

/** Reads the payload from a verified body, as receivers do. */
function payloadOf(text: string, contentType: string): unknown {
  const json = contentType === 'form' ? new URLSearchParams(text).get('payload')! : text
  return JSON.parse(json)
}

function accepts(secret: string, text: string, headers: Record<string, string>): boolean {
  try {
    // A form is no JSON.
    new Receiver(secret).verify(text, headers, { jsonParse: false })
    return true
  } catch (error) {
    assert.equal((error as Error).name, 'WebhookVerificationError')
    return false
  }
}

describe('a delivery', { concurrency: true }, () => {
  for (const contentType of ['json', 'form'] as const) {
    it(`in ${contentType}: receivers verify GitHub's signature`, async (t) => {
      const secret = 'naïve 🔑'
      const { deliver } = await hooked(t, { secret, contentType })
      const { headers, text } = await deliver()
      const signature = headers['x-hub-signature-256']!
      assert.equal(signature, await sign(secret, text))
      assert.equal(await verify(secret, text, signature), true)
      assert.equal(await verify('another', text, signature), false)
      assert.equal(await verify(secret, `${text} `, signature), false)
      const sha1 = createHmac('sha1', secret).update(text).digest('hex')
      assert.equal(headers['x-hub-signature'], `sha1=${sha1}`)
      assert.deepEqual(payloadOf(text, contentType), payload)
      assert.equal(headers['webhook-id'], undefined)
    })

    it(`in ${contentType}: receivers verify the signature of Standard Webhooks`, async (t) => {
      const { deliver } = await hooked(t, { secret: OLD, contentType, standard: true })
      const { headers, text } = await deliver()
      assert.ok(accepts(OLD, text, headers))
      assert.ok(!accepts(NEW, text, headers))
      assert.equal(headers['webhook-id'], headers['x-github-delivery'])
      assert.equal(await verify(OLD, text, headers['x-hub-signature-256']!), true)
    })

    it(`in ${contentType}: receivers verify with either secret during a rotation`, async (t) => {
      const { id, webhooks, deliver } = await hooked(t, {
        secret: OLD,
        contentType,
        standard: true,
      })
      await webhooks.rotateSecret(id, NEW)
      const during = await deliver()
      assert.ok(accepts(OLD, during.text, during.headers), 'a receiver that is not told yet')
      assert.ok(accepts(NEW, during.text, during.headers), 'one that is')
      const signature = during.headers['x-hub-signature-256']!
      assert.equal(await verify(OLD, during.text, signature), false)
      assert.equal(await verify(NEW, during.text, signature), true)
      // A receiver that changes before the forge accepts both secrets, in either order.
      assert.equal(await verifyWithFallback(OLD, during.text, signature, [NEW]), true)
      assert.equal(await verifyWithFallback(NEW, during.text, signature, [OLD]), true)

      await webhooks.rotateSecret(id, OLD, { keepFor: 0 })
      const after = await deliver()
      assert.ok(accepts(OLD, after.text, after.headers))
      assert.ok(!accepts(NEW, after.text, after.headers))
      const back = after.headers['x-hub-signature-256']!
      assert.equal(await verifyWithFallback(NEW, after.text, back, [OLD]), true)
      assert.equal(await verifyWithFallback(NEW, after.text, back, []), false)
    })
  }

  it('with an authorization: helve sends the value, and masks it in the record', async (t) => {
    const authorization = 'Bearer hunter2-token'
    const { deliver } = await hooked(t, { authorization })
    const { headers, record } = await deliver()
    assert.equal(headers['authorization'], authorization)
    assert.equal(record.requestHeaders['Authorization'], '***')
  })

  it('without a secret: helve sends no signature', async (t) => {
    const { deliver } = await hooked(t, { standard: true })
    const { headers } = await deliver()
    const names = Object.keys(headers).filter((name) => /signature|authorization/.test(name))
    assert.deepEqual(names, [])
  })

  it('asked for by hand: the record says so', async (t) => {
    const { id, webhooks } = await hooked(t, {})
    const handler = deliverWebhookHandler({ hooks: webhooks })
    const given = { webhook_pk: id, event: 'push', redelivery: true }
    assert.equal((await run(handler, given)).records[0]?.redelivery, true)
  })
})
