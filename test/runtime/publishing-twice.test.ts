import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Publication, Published } from '../../src/index.ts'
import { built } from '../support/built.ts'
import { connect, openStore } from '../support/store.ts'
import type { Way } from './publisher-process.ts'

const PROCESS = fileURLToPath(built(new URL('./publisher-process.ts', import.meta.url)))
const EVENTS = 200
const TARGET = { type: 'repository', id: 5 }

/** A process that publishes what it is given. */
async function publisher(t: TestContext, file: string, way: Way) {
  const child = fork(PROCESS, [file, way], { execArgv: [] })
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'message')
  return async (publication: Publication): Promise<Published> => {
    const answer = once(child, 'message') as Promise<[Published]>
    child.send(publication)
    return (await answer)[0]
  }
}

/** Has two processes publish the same events at once, and looks at what each was told. */
async function publishTwice(t: TestContext, way: Way, isReversed: boolean): Promise<void> {
  const store = await openStore(t)
  const url = 'http://hooks.localhost/'
  const hooks: number[] = []
  for (let n = 0; n < 2; n += 1) hooks.push(await store.webhooks.create({ url, target: TARGET }))
  const processes = [publisher(t, store.file, 'publish'), publisher(t, store.file, way)] as const
  const [one, other] = await Promise.all(processes)
  const events = Array.from({ length: EVENTS }, (_, n) => {
    return { target: TARGET, payload: { n }, guid: randomUUID() }
  })
  const theirs = isReversed ? events.toReversed() : events
  const told = new Map<string, Published[]>()
  for (const [i, event] of events.entries()) {
    // Both at once, event after event: the processes meet all the time.
    for (const result of await Promise.all([one(event), other(theirs[i]!)])) {
      told.set(result.guid, [...(told.get(result.guid) ?? []), result])
    }
  }
  for (const [guid, results] of told) {
    assert.deepEqual([results.length, results.filter(({ isNew }) => isNew).length], [2, 1], guid)
    const [first, second] = results.map(({ deliveries }) => deliveries)
    assert.deepEqual(first, second)
    assert.deepEqual(
      first?.map(({ webhookId }) => webhookId),
      hooks,
    )
  }
  assert.equal(told.size, EVENTS)

  const db = connect(t, store.file)
  const count = (sql: string): unknown => db.prepare(sql).pluck().get()
  const all = EVENTS * hooks.length
  const deliveries = 'SELECT count(*) FROM helve_webhook_deliveries'
  assert.equal(count(deliveries), all)
  const pairs = 'SELECT DISTINCT guid, webhook_id FROM helve_webhook_deliveries'
  assert.equal(count(`SELECT count(*) FROM (${pairs})`), all)
  const jobs = `
    SELECT count(DISTINCT d.job_id) FROM helve_webhook_deliveries AS d
    JOIN helve_jobs AS j ON j.id = d.job_id AND j.payload ->> 'delivery' = d.id`
  assert.equal(count(jobs), all)
  const counts = { deliver_webhook: { queued: all, running: 0, dead: 0 } }
  assert.deepEqual(await store.counts(), counts)
}

for (const [order, isReversed] of [
  ['in the same order', false],
  ['in opposite orders', true],
] as const) {
  test(`events that two processes publish at once, ${order}, are delivered once`, async (t) => {
    await publishTwice(t, 'publish', isReversed)
  })

  test(`so are events that one of them publishes in its transactions, ${order}`, async (t) => {
    await publishTwice(t, 'publishIn', isReversed)
  })
}
