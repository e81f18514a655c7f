import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { test, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Published } from '../../src/index.ts'
import { built } from '../support/built.ts'
import { connect, openStore } from '../support/store.ts'
import type { Order } from './publisher-process.ts'

const PROCESS = fileURLToPath(built(new URL('./publisher-process.ts', import.meta.url)))
const EVENTS = 200
const TARGET = { type: 'repository', id: 5 }

/** A process that waits for what it is to publish. */
async function publisher(t: TestContext, file: string) {
  const child = fork(PROCESS, [file], { execArgv: [] })
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'message')
  return async (order: Order): Promise<Published[]> => {
    const answer = once(child, 'message') as Promise<[Published[]]>
    child.send(order)
    return (await answer)[0]
  }
}

/** Has two processes publish the same events at once, and looks at what each was told. */
async function publishTwice(
  t: TestContext,
  second: Pick<Order, 'inTransactions'>,
  isReversed: boolean,
): Promise<void> {
  const store = await openStore(t)
  const url = 'http://hooks.localhost/'
  const hooks: number[] = []
  for (let n = 0; n < 2; n += 1) hooks.push(await store.webhooks.create({ url, target: TARGET }))
  const publishers = await Promise.all([publisher(t, store.file), publisher(t, store.file)])
  const guids = Array.from({ length: EVENTS }, () => randomUUID())
  const orders: Order[] = [
    { target: TARGET, guids, inTransactions: false },
    { target: TARGET, guids: isReversed ? guids.toReversed() : guids, ...second },
  ]
  const told = await Promise.all(publishers.map((publish, i) => publish(orders[i]!)))
  const [one, other] = told.map((all) => new Map(all.map((each) => [each.guid, each])))
  for (const guid of guids) {
    const results = [one!.get(guid)!, other!.get(guid)!]
    assert.deepEqual(results.map(({ isNew }) => isNew).toSorted(), [false, true], guid)
    assert.deepEqual(results[0]!.deliveries, results[1]!.deliveries)
    assert.deepEqual(
      results[0]!.deliveries.map(({ webhookId }) => webhookId),
      hooks,
    )
  }
  const news = told[0]!.filter(({ isNew }) => isNew).length
  t.diagnostic(`new in the one process: ${news}, in the other: ${EVENTS - news}`)

  const db = connect(t, store.file)
  const count = (sql: string): unknown => db.prepare(sql).pluck().get()
  const all = EVENTS * hooks.length
  assert.equal(count('SELECT count(*) FROM helve_webhook_deliveries'), all)
  assert.equal(
    count('SELECT count(*) FROM (SELECT DISTINCT guid, webhook_id FROM helve_webhook_deliveries)'),
    all,
  )
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
    await publishTwice(t, { inTransactions: false }, isReversed)
  })

  test(`so are events that one of them publishes in its transactions, ${order}`, async (t) => {
    await publishTwice(t, { inTransactions: true }, isReversed)
  })
}
