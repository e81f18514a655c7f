import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import Database from 'better-sqlite3'
import type { SqliteStore } from '../../../src/index.ts'
import { newPublication } from '../../../src/run/new-publication.ts'
import { aDelivery, claimOne, command, completes, NOW, turn } from '../../support/jobs.ts'
import { openStore } from '../../support/store.ts'

const target = { type: 'repository', id: 5 }
const LATER = NOW + 1_000

async function rigOf(t: TestContext) {
  const store = await openStore(t, { durability: 'process' })
  await store.webhooks.create({ url: 'http://hooks.localhost/', target, events: ['*'] })
  const publish = (n: number, now = NOW) => {
    const publication = newPublication('push', { target, payload: { n } })
    return command(store, { type: 'publish', publication }, now)
  }
  /** Sends the first delivery that waits. */
  const deliver = async (now = NOW): Promise<void> => {
    const job = await claimOne(store)
    const { delivery } = JSON.parse(job.payload) as { delivery: number }
    const { guid } = (await store.getDelivery(delivery))!
    const start = { job: job.id, attempt: 1, webhookId: 1, guid, event: 'push', action: null }
    const more = { redelivery: false, delivery, url: '' }
    const id = await command(store, { type: 'beginAttempt', start: { ...start, ...more } }, now)
    const record = aDelivery({ id, webhookId: 1, guid, at: now, requestBody: '' })
    await turn(store, { settles: [completes(job, { deliveries: [record] })] })
  }
  return { store, publish, deliver }
}

/** How many rows there are of attempts, deliveries, events and bodies. */
function rowsOf(t: TestContext, { file }: SqliteStore): unknown[] {
  const db = new Database(file, { readonly: true })
  t.after(() => db.close())
  return ['attempts', 'deliveries', 'events', 'payloads'].map((table) =>
    db.prepare(`SELECT count(*) FROM helve_webhook_${table}`).pluck().get(),
  )
}

test('a body goes with the last record of its event', async (t) => {
  const { store, publish, deliver } = await rigOf(t)
  await publish(1)
  await publish(1)
  await deliver()
  await deliver(LATER)
  assert.deepEqual(rowsOf(t, store), [2, 2, 2, 1])
  const { deliveries } = await store.webhooks.deliveries({})
  assert.deepEqual(
    deliveries.map(({ requestBody }) => requestBody),
    ['{"n":1}', '{"n":1}'],
  )
  assert.equal(await store.pruneDeliveries(LATER), 1)
  assert.deepEqual(rowsOf(t, store), [1, 1, 1, 1])
  assert.equal(await store.pruneDeliveries(LATER + 1), 1)
  assert.deepEqual(rowsOf(t, store), [0, 0, 0, 0])
})

test('an event that a job still tries to deliver is kept, however old', async (t) => {
  const { store, publish, deliver } = await rigOf(t)
  await publish(1)
  assert.equal(await store.pruneDeliveries(LATER), 0)
  assert.deepEqual(rowsOf(t, store), [0, 1, 1, 1])
  await deliver()
  assert.equal(await store.pruneDeliveries(LATER), 1)
  assert.deepEqual(rowsOf(t, store), [0, 0, 0, 0])
})

test('a body that a younger event has as well is kept', async (t) => {
  const { store, publish, deliver } = await rigOf(t)
  await publish(1)
  await deliver()
  await publish(1, LATER)
  assert.equal(await store.pruneDeliveries(LATER), 1)
  assert.deepEqual(rowsOf(t, store), [0, 1, 1, 1])
})
