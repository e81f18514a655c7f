import assert from 'node:assert/strict'
import type http from 'node:http'
import { test, type TestContext } from 'node:test'
import { deliverWebhookPolicy, Runtime } from '../../src/index.ts'
import { deliverWebhookHandler } from '../../workers/handlers.ts'
import { openStore } from '../support/store.ts'
import { httpEndpoint } from '../support/webhook/endpoints.ts'

const HOUR = 3_600_000
/** The schedule's number of waits, and none of them. */
const AT_ONCE = Array.from({ length: 8 }, () => 0)

/** Delivers to a receiver that answers like this, for as long as anything is due. */
async function deliver(
  t: TestContext,
  answer: (response: http.ServerResponse) => void,
  schedule?: number[],
) {
  const store = await openStore(t, { durability: 'process' })
  const runtime = new Runtime<unknown, { deliver_webhook: unknown }>(store, { logger: false })
  t.after(() => runtime.stop({ timeout: 0 }))
  const handler = deliverWebhookHandler({ hooks: store.webhooks })
  // The breaker would hold further attempts back.
  const breaker = { failures: 1_000, runs: 1_000 }
  const policy = { ...deliverWebhookPolicy(schedule && { schedule }), breaker }
  runtime.register('deliver_webhook', handler as never, policy as never)
  const { url, received } = await httpEndpoint(t, answer)
  const webhook_pk = await store.webhooks.create({ url })
  const { id } = await runtime.enqueue('deliver_webhook', { webhook_pk, event: 'push' })
  while (await runtime.runOnce());
  return { job: await runtime.get(id), attempts: received.length }
}

const ends: [status: number, attempts: number][] = [
  [500, 9],
  [429, 9],
  [404, 5],
  [302, 5],
  [410, 1],
]
for (const [status, attempts] of ends) {
  test(`a receiver that always answers ${status} gets ${attempts} attempts`, async (t) => {
    const end = await deliver(t, (response) => response.writeHead(status).end(), AT_ONCE)
    assert.equal(end.attempts, attempts)
    assert.equal(end.job?.state, 'dead')
    assert.match(
      end.job.errors.at(-1)!.message,
      new RegExp(`^expected a 2xx status, got ${status}`),
    )
  })
}

const waits: [name: string, headers: Record<string, string>, least: number, most: number][] = [
  ['no time of its own', {}, 0.8 * HOUR, 1.2 * HOUR],
  ['less than the schedule', { 'Retry-After': '1' }, 0.8 * HOUR, 1.2 * HOUR],
  ['two hours', { 'Retry-After': '7200' }, 2 * HOUR, 2 * HOUR],
  ['a year', { 'Retry-After': '31536000' }, 24 * HOUR, 24 * HOUR],
]
for (const [name, headers, least, most] of waits) {
  test(`a receiver that asks for ${name} is left alone for ${least / HOUR} h`, async (t) => {
    const before = Date.now()
    const end = await deliver(t, (response) => response.writeHead(429, headers).end(), [HOUR])
    const after = Date.now()
    assert.equal(end.attempts, 1)
    const { runAt, state } = end.job!
    assert.equal(state, 'queued')
    assert.ok(runAt >= before + least - 1 && runAt <= after + most + 1, `${runAt - before}`)
  })
}

test('a receiver that asks for time is left alone by all deliveries of its hook', async (t) => {
  const store = await openStore(t, { durability: 'process' })
  const runtime = new Runtime<unknown, { deliver_webhook: unknown }>(store, { logger: false })
  t.after(() => runtime.stop({ timeout: 0 }))
  const handler = deliverWebhookHandler({ hooks: store.webhooks })
  runtime.register('deliver_webhook', handler as never, deliverWebhookPolicy() as never)
  const { url, received } = await httpEndpoint(t, (response) => {
    response.writeHead(429, { 'Retry-After': '3600' }).end()
  })
  const webhook_pk = await store.webhooks.create({ url })
  await runtime.enqueue('deliver_webhook', { webhook_pk, event: 'push' })
  assert.equal(await runtime.runOnce(), true)
  const { id } = await runtime.enqueue('deliver_webhook', { webhook_pk, event: 'push' })
  assert.equal(await runtime.runOnce(), false)
  assert.equal(received.length, 1)
  const [breaker] = await runtime.breakers()
  assert.deepEqual([breaker?.kind, breaker?.group], ['deliver_webhook', String(webhook_pk)])
  assert.equal((await runtime.get(id))?.attempts, 0)
})
