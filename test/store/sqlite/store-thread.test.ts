import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { describe, test } from 'node:test'
import { promisify } from 'node:util'
import { library } from '../../../src/store/sqlite/library.ts'
import { startThread } from '../../../src/store/sqlite/store-thread.ts'
import { built } from '../../support/built.ts'
import { aJob, enqueue } from '../../support/jobs.ts'
import { openStore } from '../../support/store.ts'

const run = promisify(execFile)

const STORE = built(new URL('../../../src/store/sqlite/sqlite-store.ts', import.meta.url)).href

/** The code of a host that Node gets as text. */
const HOST = `
  const { SqliteStore } = await import(${JSON.stringify(STORE)})
  const store = await SqliteStore.open(process.argv[1])
  console.log(JSON.stringify(await store.check()))
  await store.close()`

describe('store.check() in a host that was started with', () => {
  const hosts: [flags: string[], env: NodeJS.ProcessEnv, how: string][] = [
    [['--input-type=module'], {}, '--input-type=module'],
    [[], { NODE_OPTIONS: '--input-type=module' }, 'NODE_OPTIONS=--input-type=module'],
  ]
  for (const [flags, env, how] of hosts) {
    test(how, async (t) => {
      const store = await openStore(t)
      await enqueue(store, aJob())
      const { stdout } = await run(process.execPath, [...flags, '-e', HOST, store.file], {
        env: { ...process.env, ...env },
      })
      assert.deepEqual(JSON.parse(stdout), { ok: true, problems: [] })
    })
  }
})

test('a thread of a store loads the copy of better-sqlite3 that the store has', async (t) => {
  const store = await openStore(t)
  const thread = startThread(
    `parentPort.postMessage([workerData.library, open({ readonly: true }).name])`,
    store.file,
    undefined,
  )
  assert.deepEqual(await once(thread, 'message'), [[library().path, store.file]])
})
