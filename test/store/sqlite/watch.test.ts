import assert from 'node:assert/strict'
import { test } from 'node:test'
import { aJob, enqueue, refusal, turn } from '../../support/jobs.ts'
import { overwrite } from '../../support/overwrite.ts'
import { signal } from '../../support/signal.ts'
import { connect, openStore } from '../../support/store.ts'

test('a file that fails while it is watched calls the watcher, and the next turn is refused', async (t) => {
  const store = await openStore(t)
  await enqueue(store, aJob())
  const other = connect(t, store.file)
  other.pragma('wal_checkpoint(TRUNCATE)')
  const woken = signal('the wake')
  t.after(store.watch(woken.fire))
  overwrite(store.file, Buffer.alloc(100, 0xff), 0)
  other.exec(`UPDATE helve_jobs SET priority = 1`)
  await woken.wait()
  await assert.rejects(turn(store, {}), refusal('HELVE_ERR_STORE_CORRUPT', store.file))
})
