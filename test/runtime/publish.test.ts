import assert from 'node:assert/strict'
import type http from 'node:http'
import { describe, test, type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import {
  deliverWebhookPolicy,
  HelveError,
  Runtime,
  type NewWebhook,
  type SqliteStore,
} from '../../src/index.ts'
import { deliverWebhookHandler } from '../../workers/handlers.ts'
import { openStore } from '../support/store.ts'
import { httpEndpoint } from '../support/webhook/endpoints.ts'

const REPOSITORY = { type: 'repository', id: 5 }
const ORGANIZATION = { type: 'organization', id: 2 }
const GUID = '72d3162e-cc78-11e3-81ab-4c9367dc0958'

/** A runtime whose deliveries go to a receiver that answers like this. */
async function rigOf(
  t: TestContext,
  answer: (response: http.ServerResponse) => void = (response) => response.end(),
) {
  const store = await openStore(t, { durability: 'process' })
  const runtime = new Runtime<unknown, { deliver_webhook: unknown; announce: object }>(store, {
    logger: false,
  })
  t.after(() => runtime.stop({ timeout: 0 }))
  const handler = deliverWebhookHandler({ hooks: store.webhooks })
  const schedule = { schedule: Array.from({ length: 8 }, () => 0) }
  // Neither the breaker nor the rate holds a delivery back.
  const limits = { breaker: { failures: 1_000, runs: 1_000 }, groupRate: { limit: 1_000, per: 1 } }
  const policy = { ...deliverWebhookPolicy(schedule), ...limits }
  runtime.register('deliver_webhook', handler as never, policy as never)
  const { url, received } = await httpEndpoint(t, answer)
  const hook = (settings: Partial<NewWebhook> = {}): Promise<number> =>
    store.webhooks.create({ url, target: REPOSITORY, events: ['push'], ...settings })
  const drain = async (): Promise<void> => {
    while (await runtime.runOnce());
  }
  return { store, runtime, received, hook, drain }
}

describe('publish', () => {
  test('delivers an event to the active hooks of its targets that subscribe to the event', async (t) => {
    const { runtime, received, hook, drain, store } = await rigOf(t)
    const own = await hook()
    const all = await hook({ target: ORGANIZATION, events: ['*'] })
    await hook({ events: ['issues'] })
    await hook({ target: { type: 'repository', id: 6 } })
    const inactive = await hook({ active: false })
    const { guid, isNew, deliveries } = await runtime.webhooks.publish('push', {
      targets: [REPOSITORY, ORGANIZATION, REPOSITORY],
      payload: { ref: 'refs/heads/main', text: 'é🎉\u2028\ud800' },
    })
    assert.equal(isNew, true)
    const told = deliveries.map(({ webhookId, notSent }) => [webhookId, notSent])
    assert.deepEqual(told, [
      [own, null],
      [inactive, 'inactive'],
      [all, null],
    ])
    await drain()
    const receivers = received.map(({ headers }) => Number(headers['x-github-hook-id']))
    assert.deepEqual(new Set(receivers), new Set([own, all]))
    assert.equal(received.length, 2)
    for (const { headers, body } of received) {
      assert.equal(headers['x-github-delivery'], guid)
      assert.equal(headers['x-github-event'], 'push')
      assert.deepEqual(body, received[0]!.body)
    }
    const { text } = JSON.parse(received[0]!.body.toString()) as { text: string }
    assert.equal(text, 'é🎉\u2028\ud800')
    const [unsent] = await recordsOf(store, inactive)
    assert.deepEqual(
      [unsent?.guid, unsent?.outcome, unsent?.error, unsent?.attempt],
      [guid, 'never sent', 'not sent: the hook is inactive', 0],
    )
  })

  test('of one GUID twice makes nothing new, and tells of the first deliveries', async (t) => {
    const { runtime, received, hook, drain } = await rigOf(t)
    await hook()
    const publication = { target: REPOSITORY, payload: { n: 1 }, guid: GUID }
    const first = await runtime.webhooks.publish('push', publication)
    await hook()
    const second = await runtime.webhooks.publish('push', { ...publication, payload: { n: 2 } })
    assert.deepEqual(second, { ...first, isNew: false })
    await drain()
    assert.deepEqual(
      received.map(({ body }) => body.toString()),
      ['{"n":1}'],
    )
  })

  test('keeps one body for equal payloads', async (t) => {
    const { runtime, hook, store } = await rigOf(t)
    await hook()
    for (const n of [1, 1, 2]) {
      await runtime.webhooks.publish('push', { target: REPOSITORY, payload: { n } })
    }
    const bodies = 'SELECT CAST(bytes AS TEXT) FROM helve_webhook_payloads ORDER BY rowid'
    assert.deepEqual(rowsOf(t, store, bodies), ['{"n":1}', '{"n":2}'])
  })

  test('records an event of more than 25 MB as not sent', async (t) => {
    const { runtime, hook, drain, store, received } = await rigOf(t)
    const id = await hook()
    const payload = { text: 'x'.repeat(25 * 1024 * 1024) }
    const { deliveries } = await runtime.webhooks.publish('push', { target: REPOSITORY, payload })
    assert.equal(deliveries[0]?.notSent, 'too large')
    await drain()
    assert.equal(received.length, 0)
    const [record] = await recordsOf(store, id)
    assert.equal(record?.error, 'not sent: the body has more than 25 MB')
  })

  test('records an event as not sent when 10,000 deliveries of its hook wait', async (t) => {
    const { runtime, hook, store } = await rigOf(t)
    const id = await hook()
    const waiting = Array.from({ length: 10_000 }, () => ({
      kind: 'deliver_webhook' as const,
      payload: { webhook_pk: id, event: 'push' },
    }))
    await runtime.enqueueMany(waiting)
    const publication = { target: REPOSITORY, payload: {} }
    const { deliveries } = await runtime.webhooks.publish('push', publication)
    assert.equal(deliveries[0]?.notSent, 'backlog')
    const [record] = await recordsOf(store, id)
    assert.equal(record?.error, 'not sent: 10000 deliveries of the hook wait already')
  })

  test('sends the frozen body in every attempt, with the settings of the moment', async (t) => {
    const answers = [500, 200]
    const { runtime, received, hook, drain, store } = await rigOf(t, (response) =>
      response.writeHead(answers.shift()!).end(),
    )
    const id = await hook()
    const payload = { n: 1 }
    const publishing = runtime.webhooks.publish('push', { target: REPOSITORY, payload })
    payload.n = 2
    await publishing
    await runtime.runOnce()
    const { url } = (await store.webhooks.get(id))!
    const settings = { url, target: REPOSITORY, contentType: 'form', secret: 'later' } as const
    await store.webhooks.update(id, settings)
    await drain()
    const [first, second] = received
    assert.equal(first?.body.toString(), '{"n":1}')
    assert.equal(new URLSearchParams(second?.body.toString()).get('payload'), '{"n":1}')
    assert.equal(first.headers['x-github-delivery'], second?.headers['x-github-delivery'])
    assert.equal(first.headers['x-hub-signature-256'], undefined)
    assert.notEqual(second?.headers['x-hub-signature-256'], undefined)
  })

  test('takes the action of the payload for the record, unless another one is given', async (t) => {
    const { runtime, hook, drain, store } = await rigOf(t)
    const id = await hook({ events: ['issues'] })
    const publication = { target: REPOSITORY, payload: { action: 'opened' } }
    await runtime.webhooks.publish('issues', publication)
    await runtime.webhooks.publish('issues', { ...publication, action: 'closed' })
    await runtime.webhooks.publish('issues', { ...publication, action: null })
    await drain()
    const actions = (await recordsOf(store, id)).map(({ action }) => action)
    assert.deepEqual(actions.toReversed(), ['opened', 'closed', null])
  })

  const good = { target: REPOSITORY, payload: {} }
  const bad: [string, object, RegExp][] = [
    ['a\nb', good, /^event: expected a name of printable ASCII/],
    ['push', { ...good, payload: [] }, /^payload: expected an object, got an array/],
    ['push', { ...good, payload: { at: new Map([[1, 2]]) } }, /^payload\.at: /],
    ['push', { ...good, guid: '1' }, /^guid: expected a UUID, got "1"/],
    [
      'push',
      { ...good, action: 1 },
      /^action: expected a text of at most 100 characters or null, got 1/,
    ],
    ['push', { payload: {} }, /^publication: expected one of target, targets and hook, got "0 of/],
    ['push', { ...good, targets: [REPOSITORY] }, /^publication: expected one of target, targets/],
    ['push', { ...good, hook: 1 }, /^publication: expected one of target, targets and hook/],
    ['push', { payload: {}, hook: 0 }, /^hook: expected a number from 1/],
    ['push', { payload: {}, targets: [] }, /^targets: expected 1 to 100 targets/],
    ['push', { payload: {}, target: { type: 'a', id: 'b' } }, /^target: expected \{ type/],
    ['push', { ...good, guidd: GUID }, /^publication: .*"guidd"/],
  ]
  for (const [event, publication, message] of bad) {
    test(`refuses ${JSON.stringify([event, publication])}`, async (t) => {
      const { runtime, hook, store } = await rigOf(t)
      await hook()
      const expected = { name: 'HelveError', message }
      await assert.rejects(runtime.webhooks.publish(event, publication as never), expected)
      assert.deepEqual(rowsOf(t, store, 'SELECT guid FROM helve_webhook_events'), [])
    })
  }

  test('I6: spends no attempt, and opens no breaker, while the store fails', async (t) => {
    const { runtime, received, hook, store } = await rigOf(t)
    const id = await hook()
    const busy = new HelveError('HELVE_ERR_STORE_BUSY', 'file: another connection holds its lock')
    const begin = t.mock.method(store.webhooks.attempts, 'beginAttempt', async () => {
      throw busy
    })
    await runtime.webhooks.publish('push', { hook: id, payload: {} })
    await runtime.runOnce()
    assert.equal(begin.mock.callCount(), 1)
    const [job] = (await runtime.list()).jobs
    assert.deepEqual([job?.state, job?.attempts, job?.errors], ['queued', 0, []])
    assert.ok(job!.runAt > job!.createdAt)
    assert.deepEqual([received.length, await runtime.breakers()], [0, []])
  })

  test('is refused after stop, and so are pings and redeliveries', async (t) => {
    const { runtime, hook } = await rigOf(t)
    const id = await hook()
    await runtime.stop()
    const closed = { code: 'HELVE_ERR_CLOSED' }
    await assert.rejects(runtime.webhooks.publish('push', good), closed)
    for (const one of [id, id + 1]) await assert.rejects(runtime.webhooks.ping(one), closed)
    await assert.rejects(runtime.webhooks.redeliver(1), closed)
    await assert.rejects(runtime.webhooks.redeliver({ hook: id }), closed)
  })
})

describe('publishIn', () => {
  const publication = { target: REPOSITORY, payload: { n: 1 }, guid: GUID }

  test('publishes with the transaction of the host', async (t) => {
    const { runtime, received, hook, drain, store } = await rigOf(t)
    await hook()
    await hook({ active: false })
    const own = new Database(store.file)
    t.after(() => own.close())
    own.transaction(() => {
      const { deliveries } = runtime.webhooks.publishIn(own, 'push', publication)
      assert.deepEqual(
        deliveries.map(({ notSent }) => notSent),
        [null, 'inactive'],
      )
    })()
    await drain()
    assert.equal(received.length, 1)
    assert.equal((await runtime.webhooks.publish('push', publication)).isNew, false)
  })

  test('leaves nothing of a transaction that is rolled back', async (t) => {
    const { runtime, received, hook, drain, store } = await rigOf(t)
    await hook()
    const own = new Database(store.file)
    t.after(() => own.close())
    const failing = own.transaction(() => {
      runtime.webhooks.publishIn(own, 'push', publication)
      throw new Error('rolled back')
    })
    assert.throws(() => failing(), /rolled back/)
    await drain()
    assert.equal(received.length, 0)
    assert.equal((await runtime.webhooks.publish('push', publication)).isNew, true)
  })

  test('leaves nothing of itself when it fails, and the rest of the transaction as it is', async (t) => {
    const { runtime, hook, store } = await rigOf(t)
    await hook()
    await hook()
    const own = new Database(store.file)
    t.after(() => own.close())
    own.exec(`
      CREATE TABLE repositories (id INTEGER);
      CREATE TEMP TRIGGER second AFTER INSERT ON main.helve_webhook_deliveries
      WHEN (SELECT count(*) FROM main.helve_webhook_deliveries) > 1
      BEGIN SELECT RAISE(ABORT, 'disk on fire'); END`)
    own.transaction(() => {
      own.exec('INSERT INTO repositories VALUES (1)')
      assert.throws(() => runtime.webhooks.publishIn(own, 'push', publication), /disk on fire/)
    })()
    assert.equal(own.prepare('SELECT count(*) FROM repositories').pluck().get(), 1)
    assert.deepEqual((await runtime.list()).jobs, [])
    const { queued } = (await runtime.counts())['deliver_webhook'] ?? { queued: 0 }
    assert.equal(queued, 0)
    const { isNew, deliveries } = await runtime.webhooks.publish('push', publication)
    assert.deepEqual([isNew, deliveries.length], [true, 2])
  })
})

describe('ctx.publish', () => {
  const publication = { target: REPOSITORY, payload: { n: 1 } }

  test('publishes with the completion of the job', async (t) => {
    const { runtime, received, hook, drain } = await rigOf(t)
    await hook()
    runtime.register('announce', (_, ctx) => ctx.publish('push', publication))
    await runtime.enqueue('announce', {})
    await drain()
    assert.equal(received.length, 1)
  })

  test('publishes nothing for a run that fails', async (t) => {
    const { runtime, received, hook, drain } = await rigOf(t)
    await hook()
    const announce = (_: unknown, ctx: { publish: (...given: never[]) => void }): never => {
      ctx.publish(...(['push', publication] as never[]))
      throw new Error('no')
    }
    runtime.register('announce', announce as never, { maxAttempts: 1 })
    await runtime.enqueue('announce', {})
    await drain()
    assert.equal(received.length, 0)
  })

  test('refuses a bad event inside the handler', async (t) => {
    const { runtime, drain } = await rigOf(t)
    let error: unknown
    runtime.register('announce', (_, ctx) => {
      try {
        ctx.publish('push', { payload: {} })
      } catch (thrown) {
        error = thrown
      }
    })
    await runtime.enqueue('announce', {})
    await drain()
    assert.match(String(error), /publication: expected one of target, targets and hook/)
  })
})

describe('ping', () => {
  test('sends GitHub’s ping to one hook, also to a hook that does not subscribe', async (t) => {
    const { runtime, received, hook, drain } = await rigOf(t)
    const id = await hook()
    await hook()
    const sender = { login: 'octocat' }
    const { guid, deliveries } = (await runtime.webhooks.ping(id, { sender }))!
    assert.deepEqual(
      deliveries.map(({ webhookId }) => webhookId),
      [id],
    )
    await drain()
    assert.equal(received.length, 1)
    const [{ headers, body }] = received as [(typeof received)[0]]
    assert.deepEqual([headers['x-github-event'], headers['x-github-delivery']], ['ping', guid])
    const payload = JSON.parse(body.toString()) as Record<string, unknown>
    assert.equal(payload['hook_id'], id)
    assert.equal(typeof payload['zen'], 'string')
    assert.deepEqual(payload['sender'], sender)
  })

  test('refuses what is no object of further fields', async (t) => {
    const { runtime, hook } = await rigOf(t)
    const id = await hook()
    for (const about of [null, 'text', [1], 7]) {
      const ping = runtime.webhooks.ping(id, about as never)
      await assert.rejects(ping, {
        code: 'HELVE_ERR_OPTION',
        message: /^about: expected an object/,
      })
    }
  })

  test('is undefined for a hook that does not exist', async (t) => {
    const { runtime } = await rigOf(t)
    assert.equal(await runtime.webhooks.ping(9), undefined)
  })

  test('that succeeds makes a hook active again that helve has disabled', async (t) => {
    const answers = [410, 500, 200]
    const { runtime, received, hook, drain, store } = await rigOf(t, (response) =>
      response.writeHead(answers.shift()!).end(),
    )
    const told: unknown[] = []
    runtime.on('webhook:disabled', (data) => told.push(data))
    runtime.on('webhook:enabled', (data) => told.push(data))
    const id = await hook()
    await runtime.webhooks.publish('push', { target: REPOSITORY, payload: {} })
    await drain()
    const reason = 'the receiver answered 410: it wants no more deliveries'
    const disabled = (await store.webhooks.get(id))!
    assert.deepEqual([disabled.active, disabled.disabledReason], [false, reason])
    assert.ok(disabled.disabledAt! >= disabled.createdAt)
    await runtime.webhooks.ping(id)
    await drain()
    assert.equal((await store.webhooks.get(id))?.active, false)
    await runtime.webhooks.ping(id)
    await drain()
    const again = (await store.webhooks.get(id))!
    assert.deepEqual([again.active, again.disabledReason, again.disabledAt], [true, null, null])
    assert.deepEqual(told, [{ id, reason }, { id }])
    assert.equal(received.length, 3)
  })
})

describe('redeliver', () => {
  test('sends the GUID and the body of an earlier delivery to the present URL', async (t) => {
    const { runtime, received, hook, drain, store } = await rigOf(t)
    const id = await hook()
    const published = await runtime.webhooks.publish('push', {
      ...{ target: REPOSITORY, payload: { n: 1 }, guid: GUID },
    })
    await drain()
    const later = await httpEndpoint(t, (response) => response.end())
    await store.webhooks.update(id, { url: later.url, target: REPOSITORY, secret: 'new' })
    const [record] = await recordsOf(store, id)
    const again = await runtime.webhooks.redeliver(record!.id)
    assert.equal(again?.webhookId, id)
    assert.notEqual(again.id, published.deliveries[0]?.id)
    await drain()
    assert.equal(received.length, 1)
    const [request] = later.received
    assert.equal(request?.headers['x-github-delivery'], GUID)
    assert.deepEqual(request.body, received[0]?.body)
    assert.notEqual(request.headers['x-hub-signature-256'], undefined)
    const [newest] = await recordsOf(store, id)
    assert.deepEqual([newest?.redelivery, newest?.guid, newest?.attempt], [true, GUID, 1])
  })

  test('has one attempt', async (t) => {
    const { runtime, received, hook, drain, store } = await rigOf(t, (response) =>
      response.writeHead(received.length === 1 ? 200 : 500).end(),
    )
    const id = await hook()
    await runtime.webhooks.publish('push', { target: REPOSITORY, payload: {} })
    await drain()
    const [record] = await recordsOf(store, id)
    await runtime.webhooks.redeliver(record!.id)
    await drain()
    assert.equal(received.length, 2)
  })

  test('tells, and records, that an inactive hook is sent nothing', async (t) => {
    const { runtime, received, hook, drain, store } = await rigOf(t)
    const id = await hook()
    await runtime.webhooks.publish('push', { target: REPOSITORY, payload: {}, guid: GUID })
    await drain()
    await store.webhooks.update(id, { url: 'http://hooks.localhost/', active: false })
    const [record] = await recordsOf(store, id)
    const one = await runtime.webhooks.redeliver(record!.id)
    const [many] = await runtime.webhooks.redeliver({ hook: id, outcome: 'delivered' })
    assert.deepEqual([one?.notSent, many?.notSent], ['inactive', 'inactive'])
    await drain()
    assert.equal(received.length, 1)
    const [newest] = await recordsOf(store, id)
    const { guid, redelivery, outcome, error } = newest!
    const expected = [GUID, true, 'never sent', 'not sent: the hook is inactive']
    assert.deepEqual([guid, redelivery, outcome, error], expected)
  })

  test('is undefined for the attempt of a hook that was deleted', async (t) => {
    const { runtime, hook, drain, store } = await rigOf(t)
    const id = await hook()
    await runtime.webhooks.publish('push', { target: REPOSITORY, payload: {} })
    await drain()
    const [record] = await recordsOf(store, id)
    await store.webhooks.delete(id)
    assert.equal(await runtime.webhooks.redeliver(record!.id), undefined)
    assert.deepEqual(await runtime.webhooks.redeliver({ hook: id, outcome: 'any' }), [])
  })

  test('is undefined for an attempt that does not exist', async (t) => {
    const { runtime } = await rigOf(t)
    assert.equal(await runtime.webhooks.redeliver(77), undefined)
  })

  test('of many sends what its only hook has missed while it was inactive', async (t) => {
    const { runtime, received, hook, drain, store } = await rigOf(t)
    const id = await hook({ active: false })
    for (const n of [1, 2]) {
      await runtime.webhooks.publish('push', { target: REPOSITORY, payload: { n } })
    }
    await drain()
    assert.equal(received.length, 0)
    const { url } = (await store.webhooks.get(id))!
    await store.webhooks.update(id, { url, target: REPOSITORY, active: true })
    const again = await runtime.webhooks.redeliver({ hook: id })
    assert.deepEqual(
      again.map(({ webhookId, notSent }) => [webhookId, notSent]),
      [
        [id, null],
        [id, null],
      ],
    )
    await drain()
    const sent = received.map(({ body }) => body.toString())
    assert.deepEqual(sent, ['{"n":1}', '{"n":2}'])
  })

  test('of many sends what has never been delivered, the oldest first', async (t) => {
    const fails = new Set([2, 3])
    const { runtime, received, hook, drain } = await rigOf(t, (response) => {
      const { n } = JSON.parse(received.at(-1)!.body.toString()) as { n: number }
      response.writeHead(fails.has(n) ? 404 : 200).end()
    })
    const id = await hook()
    for (const n of [1, 2, 3]) {
      await runtime.webhooks.publish('push', { target: REPOSITORY, payload: { n } })
      await drain()
    }
    const before = received.length
    fails.clear()
    const again = await runtime.webhooks.redeliver({ hook: id })
    assert.equal(again.length, 2)
    assert.deepEqual(await runtime.webhooks.redeliver({ hook: id }), [])
    await drain()
    const sent = received.slice(before).map(({ body }) => body.toString())
    assert.deepEqual(sent, ['{"n":2}', '{"n":3}'])
    assert.deepEqual(await runtime.webhooks.redeliver({ hook: id }), [])
    const delivered = await runtime.webhooks.redeliver({ hook: id, outcome: 'delivered', limit: 2 })
    assert.equal(delivered.length, 2)
    const since = await runtime.webhooks.redeliver({
      hook: id,
      outcome: 'any',
      from: Date.now() + 60_000,
    })
    assert.deepEqual(since, [])
  })

  test('refuses a bad query by name', async (t) => {
    const { runtime } = await rigOf(t)
    const bad: [object, RegExp][] = [
      [{}, /^hook: /],
      [{ hook: 1, limit: 1_001 }, /^limit: expected a number from 1 to 1000/],
      [{ hook: 1, outcome: 'failed' }, /^outcome: expected "undelivered" or "delivered" or "any"/],
      [{ hook: 1, from: -1 }, /^from: /],
      [{ hook: 1, from: 5, to: 4 }, /^to: expected a time from 5 on, got 4/],
      [{ hook: 1, since: 1 }, /^query: .*"since"/],
    ]
    for (const [query, message] of bad) {
      await assert.rejects(runtime.webhooks.redeliver(query as never), {
        name: 'HelveError',
        message,
      })
    }
  })
})

async function recordsOf(store: SqliteStore, hook: number) {
  return (await store.webhooks.deliveries({ hook })).deliveries
}

function rowsOf(t: TestContext, { file }: SqliteStore, sql: string): unknown[] {
  const db = new Database(file, { readonly: true })
  t.after(() => db.close())
  return db.prepare(sql).pluck().all()
}
