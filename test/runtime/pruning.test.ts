import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Runtime } from '../../src/index.ts'
import { MOST_PRUNED } from '../../src/store/rules/pruning.ts'
import { aJob, buries, claim, turn } from '../support/jobs.ts'
import { openStore } from '../support/store.ts'

test('dead jobs are deleted turn by turn, and other work goes on meanwhile', async (t) => {
  const store = await openStore(t)
  const runtime = new Runtime(store)
  t.after(() => runtime.stop())
  const many = 3 * MOST_PRUNED + 1
  await turn(store, { enqueues: Array.from({ length: many }, () => aJob()) })
  const jobs = await claim(store, many)
  await turn(store, { settles: jobs.map((job) => buries(job)) })
  const turns = t.mock.method(store, 'turn')
  const pruned = runtime.pruneDead(Date.now())
  await runtime.enqueue('reindex')
  assert.equal(turns.mock.callCount(), 1)
  assert.equal(await pruned, many)
  assert.equal(await runtime.pruneDead(Date.now()), 0)
  assert.deepEqual(await runtime.counts(), { reindex: { queued: 1, running: 0, dead: 0 } })
})
