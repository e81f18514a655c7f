import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aJob, claimsOn, enqueue, NOW } from '../../support/jobs.ts'
import { connect, openStore } from '../../support/store.ts'

test('I8: no row is kept for a priority that only folded submissions had', async (t) => {
  const store = await openStore(t)
  const keyed = aJob({ dedupeKey: 'k', runAt: NOW + 1_000 })
  await enqueue(store, keyed)
  await claimsOn(store, {}, { enqueues: [{ ...keyed, priority: 5 }, aJob({ priority: 7 })] })
  const rows = connect(t, store.file).prepare('SELECT priority FROM helve_queues').pluck().all()
  assert.deepEqual(rows, [0, 7])
})
