import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import type { NewWebhook } from '../../../src/job/webhook.ts'
import type { DeliveryRecord } from '../../../src/job/delivery.ts'
import {
  aDelivery,
  aJob,
  claimOne,
  completes,
  enqueue,
  NOW,
  refusal,
  settle,
} from '../../support/jobs.ts'
import { openStore } from '../../support/store.ts'

const url = 'https://hooks.localhost/hook'

async function deliver(store: SqliteStore, ...deliveries: DeliveryRecord[]): Promise<void> {
  await enqueue(store, aJob())
  await settle(store, completes(await claimOne(store), { deliveries }))
}

describe('webhooks', () => {
  test('have the defaults that NewWebhook states', async (t) => {
    const { webhooks } = await openStore(t)
    const id = await webhooks.create({ url })
    const hook = await webhooks.get(id)
    assert.ok(hook && hook.createdAt > NOW)
    assert.deepEqual(hook, {
      id,
      url,
      contentType: 'json',
      events: ['push'],
      active: true,
      insecureTls: false,
      target: null,
      standard: false,
      hasSecret: false,
      hasAuthorization: false,
      previousSecretUntil: null,
      createdAt: hook.createdAt,
      updatedAt: hook.createdAt,
      lastResponse: null,
      failingSince: null,
      disabledAt: null,
      disabledReason: null,
    })
  })

  test('keep what they are given, and can be changed and deleted', async (t) => {
    const store = await openStore(t)
    const { webhooks } = store
    const all: Required<NewWebhook> = {
      url: 'http://[::1]:8080/a?b=c',
      secret: 'naïve 🔑',
      authorization: 'Bearer a b',
      standard: true,
      contentType: 'form',
      events: ['push', '*'],
      active: false,
      insecureTls: true,
      target: { type: 'repository', id: 5 },
    }
    const first = await webhooks.create({ url })
    const second = await webhooks.create({ url })
    assert.equal(await webhooks.update(first, all), true)
    const kept = await store.getWebhook(first)
    assert.deepEqual(kept, { ...kept, ...all })
    assert.deepEqual(
      (await webhooks.list()).map((hook) => [hook.id, hook.url]),
      [
        [first, all.url],
        [second, url],
      ],
    )
    assert.equal(await webhooks.delete(first), true)
    assert.equal(await webhooks.delete(first), false)
    assert.equal(await webhooks.update(first, all), false)
    assert.equal(await webhooks.get(first), undefined)
    assert.equal((await webhooks.list()).length, 1)
  })

  const bad: [hook: Record<string, unknown>, named: string][] = [
    [{}, 'url'],
    [{ url: 'hook' }, 'url'],
    [{ url: 'ftp://hooks.localhost/' }, 'url'],
    [{ url: 'https://user:hunter2@hooks.localhost/' }, 'url'],
    [{ url, secret: '' }, 'secret'],
    [{ url, secret: 5 }, 'secret'],
    [{ url, contentType: 'xml' }, 'contentType'],
    [{ url, events: 'push' }, 'events'],
    [{ url, events: [''] }, 'events'],
    [{ url, events: [5] }, 'events'],
    [{ url, events: ['push', 'pûsh'] }, 'events'],
    [{ url, events: ['push\r\nX-Own: 1'] }, 'events'],
    [{ url, secret: 'a\nb' }, 'secret'],
    [{ url, secret: '\ud800' }, 'secret'],
    [{ url, target: { type: 'a\r\nX-Own: 1', id: 5 } }, 'target.type'],
    [{ url, target: { type: 'dépôt', id: 5 } }, 'target.type'],
    [{ url, target: { type: '', id: 5 } }, 'target.type'],
    [{ url, target: { type: 'repository', id: 2 ** 60 } }, 'target'],
    [{ url, target: 'repository' }, 'target'],
    [{ url, active: 1 }, 'active'],
    [{ url, insecureTls: 'no' }, 'insecureTls'],
    [{ url, target: { type: 'repository' } }, 'target'],
    [{ url, tagret: null }, 'tagret'],
  ]
  for (const [hook, named] of bad) {
    test(`I10: refuse ${JSON.stringify(hook)}`, async (t) => {
      const { webhooks } = await openStore(t)
      const refused = refusal('HELVE_ERR_OPTION', named)
      await assert.rejects(webhooks.create(hook as unknown as NewWebhook), refused)
      assert.deepEqual(await webhooks.list(), [])
      const id = await webhooks.create({ url })
      const before = await webhooks.get(id)
      await assert.rejects(webhooks.update(id, hook as unknown as NewWebhook), refused)
      assert.deepEqual(await webhooks.get(id), before)
    })
  }
})

test('no password gets into an error message', async (t) => {
  const { webhooks } = await openStore(t)
  const creating = webhooks.create({ url: 'https://user:hunter2@hooks.localhost/' })
  await assert.rejects(creating, (error) => !String(error).includes('hunter2'))
})

describe('delivery records', () => {
  test('are kept as they were made', async (t) => {
    const store = await openStore(t)
    const body = Uint8Array.of(0, 255, 128, 10)
    const timings = { lookup: 1.5, connect: 2, tls: null, firstByte: 3 }
    const answered = aDelivery({
      ...{ action: 'opened', responseBody: body, truncated: true },
      ...{ outcome: 'ok', code: null, remoteAddress: '192.0.2.1', timings },
    })
    const unanswered = aDelivery({
      attempt: 2,
      status: null,
      responseHeaders: null,
      responseBody: null,
      error: 'connect ECONNREFUSED',
      ...{ outcome: 'temporary', code: 'ECONNREFUSED', remoteAddress: null, timings: null },
    })
    await deliver(store, answered, unanswered)
    const [newest, oldest] = (await store.webhooks.deliveries({ hook: 1 })).deliveries
    assert.deepEqual(newest, { ...unanswered, id: newest!.id })
    assert.deepEqual(
      { ...oldest, responseBody: Uint8Array.from(oldest!.responseBody!) },
      { ...answered, id: oldest!.id },
    )
  })

  test('are listed for one hook, newest first, in pages', async (t) => {
    const store = await openStore(t)
    const attempts = Array.from({ length: 5 }, (_, index) => aDelivery({ attempt: index + 1 }))
    await deliver(store, ...attempts, aDelivery({ webhookId: 2 }))
    const first = (await store.webhooks.deliveries({ hook: 1, limit: 3 })).deliveries
    const second = (
      await store.webhooks.deliveries({ hook: 1, limit: 3, before: first.at(-1)!.id })
    ).deliveries
    assert.deepEqual(
      [first, second].map((page) => page.map(({ attempt }) => attempt)),
      [
        [5, 4, 3],
        [2, 1],
      ],
    )
    const large = aDelivery({ webhookId: 3, requestBody: 'x'.repeat(900_000) })
    await deliver(store, ...Array.from({ length: 5 }, () => large))
    const early = (await store.webhooks.deliveries({ hook: 3 })).deliveries
    const rest = (await store.webhooks.deliveries({ hook: 3, before: early.at(-1)!.id })).deliveries
    assert.deepEqual([early.length, rest.length], [4, 1])
    const [, penultimate] = (await store.webhooks.deliveries({ hook: 1 })).deliveries
    assert.deepEqual(await store.webhooks.delivery(1, penultimate!.id), penultimate)
    assert.equal(await store.webhooks.delivery(2, penultimate!.id), undefined)
    assert.equal(await store.webhooks.delivery(1, 1_000), undefined)
    await assert.rejects(
      store.webhooks.deliveries({ hook: 1, limit: 0 }),
      refusal('HELVE_ERR_OPTION', 'limit'),
    )
  })

  const responses: [given: Partial<DeliveryRecord>, shown: unknown][] = [
    [{ status: 204 }, { code: 204, status: 'OK', message: 'OK' }],
    [
      { status: 500, error: 'server error' },
      { code: 500, status: 'Invalid HTTP Response: 500', message: 'server error' },
    ],
    [
      { status: null, error: 'timeout' },
      { code: null, status: 'failed to connect', message: 'timeout' },
    ],
  ]
  for (const [given, shown] of responses) {
    test(`make the last response of their hook: ${JSON.stringify(given)}`, async (t) => {
      const store = await openStore(t)
      const webhookId = await store.webhooks.create({ url })
      await deliver(store, aDelivery({ webhookId, error: 'older' }))
      await deliver(store, aDelivery({ webhookId, ...given }))
      assert.deepEqual((await store.getWebhook(webhookId))?.lastResponse, shown)
    })
  }
})

describe('webhooks, by where they point', () => {
  const PUBLIC = { allow: ['external'], ports: ['default'] } as const
  const forbidden: [url: string, named: string[]][] = [
    ['http://169.254.169.254/latest/meta-data', ['169.254.169.254', 'webhooks.allow']],
    ['http://127.0.0.1/', ['127.0.0.1 (loopback)', 'webhooks.allow']],
    ['http://0x7f000001/', ['127.0.0.1 (loopback)', 'webhooks.allow']],
    ['http://[::ffff:10.0.0.7]/', ['(private)', 'webhooks.allow']],
    ['http://hooks.localhost/', ['hooks.localhost', '127.0.0.1', 'webhooks.allow']],
    ['http://8.8.8.8:22/', ['22', 'webhooks.ports']],
  ]
  for (const [url, named] of forbidden) {
    test(`I10: are not created or changed with ${url}, which the options do not permit`, async (t) => {
      const { webhooks } = await openStore(t, { webhooks: PUBLIC })
      const id = await webhooks.create({ url: 'http://8.8.8.8/' })
      const refused = refusal('HELVE_ERR_OPTION', 'url', ...named)
      await assert.rejects(webhooks.create({ url }), refused)
      await assert.rejects(webhooks.update(id, { url }), refused)
      assert.deepEqual(
        (await webhooks.list()).map((hook) => hook.url),
        ['http://8.8.8.8/'],
      )
    })
  }

  test('may have a name that does not resolve now, and take the rules along to a delivery', async (t) => {
    const store = await openStore(t, { webhooks: PUBLIC })
    const id = await store.webhooks.create({ url: 'https://hooks.invalid/' })
    assert.deepEqual((await store.getWebhook(id))?.guard?.allow, ['external'])
    assert.equal('guard' in (await store.webhooks.get(id))!, false)
  })
})
