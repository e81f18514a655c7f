import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { describe, it } from 'node:test'
import { createNodeMiddleware, Webhooks } from '@octokit/webhooks'
import type { Webhook } from '../../src/job/delivery.ts'
import { isPermanent, retryAt } from '../../src/job/errors.ts'
import { openAttempt } from '../../src/job/open-attempt.ts'
import type { GuardOptions } from '../../src/job/webhook-guard.ts'
import { checkGuard } from '../../src/webhook/guard/rules.ts'
import type { DeliverySource } from '../../workers/delivery-task.ts'
import { deliverWebhookHandler } from '../../workers/handlers.ts'
import { httpEndpoint, listen, rawEndpoint } from '../support/webhook/endpoints.ts'
import { webhook } from '../support/webhook/webhook.ts'
import { run } from './run.ts'

const secret = "It's a Secret to Everybody"
const body = { ref: 'refs/heads/main', action: 'created', text: 'é🎉\u2028\ud800 &=+%' }

/** Every port, since nobody listens on port 1. */
const LOOPBACK = { allow: ['loopback'], ports: ['1-65535'] } as const

function deliver(more: Partial<Webhook>, guard: GuardOptions = LOOPBACK) {
  const rules = checkGuard(guard)
  const hooks = { getWebhook: async (id: number) => webhook({ id, guard: rules, ...more }) }
  return deliverWebhookHandler({ hooks })
}

describe('deliverWebhookHandler', { concurrency: true }, () => {
  it('delivers what a real receiver accepts', async (t) => {
    const receiver = new Webhooks({ secret })
    const got: unknown[] = []
    receiver.onAny(({ id, name, payload }) => got.push([id, name, payload]))
    const middleware = createNodeMiddleware(receiver, { path: '/hook' })
    const server = createServer((request, response) => void middleware(request, response))
    const url = `http://127.0.0.1:${await listen(t, server)}/hook`
    const guid = '72d3162e-cc78-11e3-81ab-4c9367dc0958'

    const job = { webhook_pk: 1, event: 'push', guid, payload: body }
    const accepted = await run(deliver({ url, secret }), job)
    assert.equal(accepted.error, undefined)
    assert.deepEqual(got, [[guid, 'push', body]])

    const refused = await run(deliver({ url, secret: 'another' }), job)
    assert.equal(refused.records[0]?.status, 400)
    assert.equal(got.length, 1)
  })

  it('signs the bytes of a form', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const handler = deliver({ url, secret, contentType: 'form' })
    await run(handler, { webhook_pk: 1, event: 'push', payload: body })
    const { headers, body: bytes } = received[0]!
    assert.equal(headers['content-type'], 'application/x-www-form-urlencoded')
    const receiver = new Webhooks({ secret })
    const signature = String(headers['x-hub-signature-256'])
    assert.equal(await receiver.verify(bytes.toString(), signature), true)
    // The signature must not be that of the JSON inside the form, as some senders make it.
    assert.equal(await receiver.verify(JSON.stringify(body), signature), false)
    assert.equal(new URLSearchParams(bytes.toString()).get('payload'), JSON.stringify(body))
  })

  it('records request and response', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => {
      response.writeHead(202, { 'Set-Cookie': 'session=s3cret', 'X-Id': '9' }).end('thanks')
    })
    const handler = deliver({ url: `${url}/?token=s3cret`, secret })
    const before = Date.now()
    const { records } = await run(
      handler,
      { webhook_pk: 7, event: 'issues', payload: body },
      { job: { attempt: 3 } },
    )
    assert.equal(records.length, 1)
    const { at, durationMs, guid, requestHeaders, responseHeaders, responseBody, ...rest } =
      records[0]!
    const { timings: _, ...record } = rest
    assert.deepEqual(record, {
      webhookId: 7,
      event: 'issues',
      action: 'created',
      attempt: 3,
      redelivery: false,
      url: `${url}/?token=***`,
      requestBody: JSON.stringify(body),
      status: 202,
      truncated: false,
      error: null,
      outcome: 'ok',
      code: null,
      remoteAddress: '127.0.0.1',
    })
    const now = Date.now()
    assert.ok(at >= before && at <= now)
    assert.ok(durationMs >= 0 && durationMs <= 1 + now - before)
    assert.equal(Buffer.from(responseBody!).toString(), 'thanks')
    assert.equal(responseHeaders?.['set-cookie'], '***')
    assert.equal(responseHeaders['x-id'], '9')
    assert.equal(requestHeaders['X-GitHub-Delivery'], guid)
    for (const [name, value] of Object.entries(requestHeaders)) {
      assert.equal(received[0]?.headers[name.toLowerCase()], value)
    }
    assert.equal(received[0]?.path, '/?token=s3cret')
    assert.doesNotMatch(JSON.stringify(records), /s3cret|Everybody/)
  })

  it('fails on anything but a 2xx, and records that too', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => {
      response.writeHead(302, { Location: '/?token=s3cret' }).end('moved')
    })
    const { error, records } = await run(deliver({ url }), { webhook_pk: 1, event: 'push' })
    const message = 'expected a 2xx status, got 302: redirects are not followed'
    assert.equal((error as Error).message, message)
    assert.ok(!isPermanent(error))
    assert.equal(records[0]?.error, message)
    assert.equal(records[0].status, 302)
    assert.equal(records[0].responseHeaders?.['location'], '/?token=***')
    assert.equal(received.length, 1)
  })

  it('is dead at once after a 410, and waits as a 429 says', async (t) => {
    const { url } = await httpEndpoint(t, (response, { headers }) => {
      const gone = headers['x-github-event'] === 'gone'
      response.writeHead(gone ? 410 : 429, { 'Retry-After': '120' }).end()
    })
    const gone = await run(deliver({ url }), { webhook_pk: 1, event: 'gone' })
    assert.ok(isPermanent(gone.error))
    assert.equal(gone.records[0]?.status, 410)
    const limited = await run(deliver({ url }), { webhook_pk: 1, event: 'push' })
    assert.equal(retryAt(limited.error, 0), 120_000)
    assert.equal(limited.trip, 120_000)
    assert.equal(
      limited.records[0]?.error,
      'expected a 2xx status, got 429 with Retry-After of 120 s',
    )
  })

  it('records that there was no response', async () => {
    const url = 'http://127.0.0.1:1/?token=s3cret'
    const { error, records } = await run(deliver({ url, secret }), { webhook_pk: 1, event: 'push' })
    const message = 'connect ECONNREFUSED 127.0.0.1:1'
    assert.equal((error as Error).message, message)
    const { status, responseHeaders, responseBody, truncated, error: recorded } = records[0]!
    assert.deepEqual(
      { status, responseHeaders, responseBody, truncated, recorded },
      {
        status: null,
        responseHeaders: null,
        responseBody: null,
        truncated: false,
        recorded: message,
      },
    )
  })

  it('ends at its timeout, and when its signal aborts', async (t) => {
    const controller = new AbortController()
    const { url, closed } = await rawEndpoint(t, (socket) => socket.resume())
    const hooks = { getWebhook: async () => webhook({ url, guard: checkGuard(LOOPBACK) }) }
    const job = { webhook_pk: 1, event: 'push' }
    const timedOut = await run(deliverWebhookHandler({ hooks, timeout: 1_000 }), job)
    assert.equal(timedOut.records[0]?.error, 'no response within 1000 ms')
    await closed

    const waiting = await rawEndpoint(t, (socket) => socket.on('data', () => controller.abort()))
    const { signal } = controller
    const aborted = await run(deliver({ url: waiting.url }), job, { signal })
    assert.equal(aborted.records[0]?.error, 'aborted')
    await waiting.closed
    const never = await run(deliver({ url: waiting.url }), job, { signal })
    assert.equal(never.error, signal.reason)
    assert.deepEqual(never.records, [])
  })

  it('keeps GUID and bytes over all attempts, and changes the GUID with what is delivered', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.writeHead(500).end())
    const handler = deliver({ url })
    const first = { webhook_pk: 1, event: 'push', payload: body }
    await run(handler, first, { job: { attempt: 1 } })
    await run(handler, structuredClone(first), { job: { attempt: 2 } })
    await run(handler, { ...first, payload: { ref: 'a fold' } }, { job: { attempt: 2 } })
    await run(handler, { ...first, webhook_pk: 2 })
    await run(handler, first, { job: { id: 2 } })
    await run(handler, first, { job: { createdAt: 2 } })
    const guids = received.map(({ headers }) => headers['x-github-delivery'])
    assert.equal(guids[0], guids[1])
    assert.deepEqual(received[0]?.body, received[1]?.body)
    assert.equal(new Set(guids).size, 5)
  })

  it('sends {} for an event without a payload', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const payload = { webhook_pk: 1, event: 'ping', action: null, guid: null, payload: null }
    const { records } = await run(deliver({ url }), payload)
    assert.equal(received[0]?.body.toString(), '{}')
    assert.equal(records[0]?.action, null)
  })

  it('records the action that the job gives, not that of the payload sent', async (t) => {
    const { url } = await httpEndpoint(t, (response) => response.end())
    const job = { webhook_pk: 1, event: 'issues', action: 'opened', payload: body }
    assert.equal((await run(deliver({ url }), job)).records[0]?.action, 'opened')
  })

  it('sends nothing for a hook that is missing or inactive', async () => {
    const missing = deliverWebhookHandler({ hooks: { getWebhook: async () => undefined } })
    const payload = { webhook_pk: 4, event: 'push' }
    for (const [handler, message] of [
      [missing, 'payload.webhook_pk: expected a webhook, got 4, which is none'],
      [deliver({ active: false }), 'webhook 4: expected an active one, got it inactive'],
    ] as const) {
      const { error, records } = await run(handler, payload)
      assert.ok(isPermanent(error))
      assert.equal((error as Error).message, message)
      const told = records.map((record) => [record.outcome, record.error, record.webhookId])
      assert.deepEqual(told, [['never sent', message, 4]])
    }
  })

  it('is dead at once, and recorded, with a URL that may not be posted to', async () => {
    const payload = { webhook_pk: 4, event: 'push' }
    const { error, records } = await run(deliver({ url: 'ftp://a:s3cret@host/' }), payload)
    assert.ok(isPermanent(error))
    assert.equal(records[0]?.error, 'url: expected http or https, got "ftp:"')
    assert.equal(records[0].url, 'ftp://***@host/')
  })

  it('delivers to public addresses alone unless it is told otherwise', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const { error, records } = await run(deliver({ url }, {}), { webhook_pk: 4, event: 'push' })
    const message =
      'url: expected a host that the setting webhooks.allow permits, got 127.0.0.1 (loopback)'
    assert.ok(isPermanent(error))
    assert.equal((error as Error).message, message)
    assert.equal(records[0]?.error, message)
    assert.equal(records[0].status, null)
    assert.equal(received.length, 0)
  })

  it('is retried when the hook cannot be read', async () => {
    const failure = new Error('busy')
    const hooks = { getWebhook: () => Promise.reject(failure) }
    const { error } = await run(deliverWebhookHandler({ hooks }), { webhook_pk: 1, event: 'push' })
    assert.equal(error, failure)
  })

  it('is dead at once with a delivery that is none, or one to another webhook', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const guid = '72d3162e-cc78-11e3-81ab-4c9367dc0958'
    const stored = { webhookId: 2, guid, event: 'push', action: null, redelivery: false }
    const reader = {
      getWebhook: async (id: number) => webhook({ id, url }),
      getDelivery: async (id: number) =>
        id === 9 ? { ...stored, body: Buffer.from('{}') } : undefined,
      begin: async () => assert.fail('no attempt is made'),
    }
    const hooks: DeliverySource = {
      ...reader,
      openAttempt: (opening, enter) => openAttempt(opening, { ...reader, enter }),
    }
    for (const [delivery, came] of [
      [8, '8, which is none'],
      [9, '9, which is one to webhook 2'],
    ] as const) {
      const payload = { webhook_pk: 1, event: 'push', delivery }
      const { error } = await run(deliverWebhookHandler({ hooks }), payload)
      assert.ok(isPermanent(error))
      const message = `payload.delivery: expected a delivery to webhook 1, got ${came}`
      assert.equal((error as Error).message, message)
    }
    assert.equal(received.length, 0)
  })

  const unusable: [unknown, string][] = [
    [{ event: 'push' }, 'payload.webhook_pk: expected a positive integer, got undefined'],
    [{ webhook_pk: 1 }, 'payload.event: expected the name of an event, got undefined'],
    [{ webhook_pk: 1, event: 'a\nb' }, 'payload.event: expected the name of an event, got "a\\nb"'],
    [
      { webhook_pk: 1, event: 'push', payload: [] },
      'payload.payload: expected an object, or none, got an array',
    ],
    [
      { webhook_pk: 1, event: 'push', guid: '1' },
      'payload.guid: expected a UUID, or none, got "1"',
    ],
    [
      { webhook_pk: 1, event: 'push', action: 1 },
      'payload.action: expected a string of at most 100 characters, or none, got 1',
    ],
  ]
  for (const [payload, message] of unusable) {
    it(`is dead at once with ${JSON.stringify(payload)}`, async () => {
      const { error, records } = await run(deliver({}), payload)
      assert.ok(isPermanent(error))
      assert.equal((error as Error).message, message)
      assert.deepEqual(records, [])
    })
  }

  it('refuses bad options by name', () => {
    const hooks = { getWebhook: async () => undefined }
    const options: [object, RegExp][] = [
      [{}, /^hooks\.getWebhook: expected a function, got undefined$/],
      [
        { hooks, timeOut: 1_000 },
        /^deps: expected one of hooks, timeout, userAgent, configurationAttempts, expiry, got "timeOut"$/,
      ],
      [{ hooks, timeout: 10 }, /^timeout: expected a number from 100 to 30000, got 10$/],
      [{ hooks, timeout: 30_001 }, /^timeout: /],
      [{ hooks, userAgent: 'a\r\nb: c' }, /^userAgent: expected printable ASCII characters/],
    ]
    for (const [deps, message] of options) {
      assert.throws(() => deliverWebhookHandler(deps as never), {
        code: 'HELVE_ERR_OPTION',
        message,
      })
    }
  })
})
