import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { ClaimedJob } from '../../../src/job/job.ts'
import { OwnerLock } from '../../../src/store/sqlite/owner-lock.ts'
import { built } from '../../support/built.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { NOW, refusal, requeues, settle } from '../../support/jobs.ts'
import { openStore } from '../../support/store.ts'

const PROCESS = fileURLToPath(built(new URL('./owner-process.ts', import.meta.url)))

test('I1, I2, I3: kill -9 frees ownership and loses no job', async (t) => {
  const file = join(await temporaryFolder(t), 'queue.db')
  const child = fork(PROCESS, [file], { execArgv: [] })
  t.after(() => child.kill('SIGKILL'))
  const [claimed] = (await once(child, 'message')) as [ClaimedJob]
  const store = await openStore(t, { file })

  const refused = refusal('HELVE_ERR_OWNED', 'file', file, new RegExp(`\\b${child.pid}\\b`))
  await assert.rejects(store.join(NOW), refused)

  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  assert.deepEqual(await exit, [null, 'SIGKILL'])
  assert.deepEqual(await store.join(NOW), [claimed])
  assert.deepEqual(await store.counts(), { reindex: { queued: 1, running: 1, dead: 0 } })
  const lost = requeues(claimed, { charge: 'crash' })
  assert.equal((await settle(store, lost))?.state, 'queued')
  assert.equal((await store.get(claimed.id))?.crashes, 1)
})

test('an owner lock that cannot be opened is refused by the name of its file', async (t) => {
  const store = await openStore(t)
  await mkdir(`${store.file}-owner`)
  await assert.rejects(store.join(NOW), refusal('HELVE_ERR_STORE_LOST', `${store.file}-owner`))
})

test('a second owner is refused even before the first has written who it is', async (t) => {
  const store = await openStore(t)
  const lock = OwnerLock.acquire(store.file, undefined)
  t.after(() => lock?.release())
  await assert.rejects(store.join(NOW), refusal('HELVE_ERR_OWNED', 'a process that is starting'))
})

test('I3: `close` does not give the file back while a job may still be running', async (t) => {
  const store = await openStore(t)
  await store.join(NOW)
  await store.leave(false)
  await store.close()
  const next = await openStore(t, { file: store.file })
  await assert.rejects(next.join(NOW), refusal('HELVE_ERR_OWNED', String(process.pid)))
})

test('a lock that nobody refers to is held all the same', async (t) => {
  const { file } = await openStore(t)
  const lock = new WeakRef(OwnerLock.acquire(file, undefined)!)
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  while (lock.deref() !== undefined) {
    await setImmediate()
    gc()
  }
  assert.equal(OwnerLock.acquire(file, undefined), undefined)
})
