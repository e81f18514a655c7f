import assert from 'node:assert/strict'
import { existsSync, statSync } from 'node:fs'
import { createRequire, syncBuiltinESMExports } from 'node:module'
import { test, type TestContext } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { aJob, enqueue } from '../../support/jobs.ts'
import { PATIENCE } from '../../support/patience.ts'
import { connect, openStoreAndConnection } from '../../support/store.ts'

const MIB = 1024 * 1024
const JOBS = 40

const sizeOf = ({ file }: SqliteStore): number => statSync(`${file}-wal`).size

/** Opens a store whose log has grown, because a reader has gone on for long. */
async function afterLongRead(t: TestContext) {
  const { store, connection } = await openStoreAndConnection(t)
  const reader = connect(t, store.file)
  reader.exec('BEGIN; SELECT count(*) FROM helve_jobs')
  for (let n = 0; n < JOBS; n += 1) {
    await enqueue(store, aJob({ payload: 'x'.repeat(MIB) }))
    await sleep(3)
  }
  const automatic = () => connection.pragma('wal_autocheckpoint', { simple: true })
  return { store, reader, automatic }
}

test('I9: a log that a long read has let grow is truncated beside the main thread', async (t) => {
  const { store, reader, automatic } = await afterLongRead(t)
  assert.ok(sizeOf(store) > JOBS * MIB)
  assert.equal(automatic(), 0)
  reader.exec('COMMIT')
  const end = Date.now() + PATIENCE
  while (automatic() === 0 && Date.now() < end) await sleep(5)
  assert.deepEqual([sizeOf(store), automatic()], [0, 1_000])
  assert.equal((await store.counts())['reindex']?.queued, JOBS)
})

test('I2, I11: commits succeed even where no thread can be started', async (t) => {
  const threads = createRequire(import.meta.url)('node:worker_threads') as { Worker: unknown }
  const { Worker } = threads
  threads.Worker = function refuse() {
    throw new Error('ERR_WORKER_INIT_FAILED: EAGAIN')
  }
  syncBuiltinESMExports()
  t.after(() => {
    threads.Worker = Worker
    syncBuiltinESMExports()
  })
  const { store, reader, automatic } = await afterLongRead(t)
  reader.exec('COMMIT')
  assert.equal((await store.counts())['reindex']?.queued, JOBS)
  assert.equal(automatic(), 1_000)
})

test('a store can be closed while its thread moves the log, and no job is lost', async (t) => {
  const { store, reader } = await afterLongRead(t)
  reader.close()
  await store.close()
  assert.ok(!existsSync(`${store.file}-wal`), 'its thread has the file open no more')
  const { store: next } = await openStoreAndConnection(t, { file: store.file })
  assert.equal((await next.counts())['reindex']?.queued, JOBS)
})
