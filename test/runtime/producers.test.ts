import assert from 'node:assert/strict'
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { StoreEnqueuer } from '../../src/index.ts'
import { built } from '../support/built.ts'
import { connect, openStore } from '../support/store.ts'
import { openHarness } from '../support/runtime/harness.ts'

const PROCESS = fileURLToPath(built(new URL('./producer-process.ts', import.meta.url)))

// The idle poll comes once a minute in these tests: a completion shows that something else woke
// the runtime.

test('a job that another process enqueues is noticed at once', async (t) => {
  const h = await openHarness(t)
  void h.run()
  const child = fork(PROCESS, [h.store.file], { execArgv: [] })
  t.after(() => child.kill('SIGKILL'))
  await once(child, 'message')
  for (const n of [1, 2, 3]) {
    const answer = once(child, 'message') as Promise<[number]>
    child.send(n)
    const [id] = await answer
    assert.equal((await h.event('completed', id)).result, n)
  }
  const exit = once(child, 'exit')
  child.kill('SIGKILL')
  await exit
})

test('a job that another connection of this process enqueues is noticed at once', async (t) => {
  const h = await openHarness(t)
  void h.run()
  const first = await h.runtime.enqueue('echo')
  await h.event('completed', first.id)
  const enqueuer = new StoreEnqueuer(await openStore(t, { file: h.store.file }))
  const { id } = await enqueuer.enqueue('echo', { n: 5 })
  assert.equal((await h.event('completed', id)).result, 5)
})

test('a job enqueued in a transaction of the host runs after the commit, or never', async (t) => {
  const h = await openHarness(t)
  void h.run()
  const connection = connect(t, h.store.file)
  connection.exec('CREATE TABLE pushes (id INTEGER)')

  connection.exec('BEGIN IMMEDIATE; INSERT INTO pushes VALUES (1)')
  const dropped = h.runtime.enqueueIn(connection, 'echo', { n: 1 })
  connection.exec('ROLLBACK')
  assert.equal(await h.runtime.get(dropped.id), undefined)

  connection.exec('BEGIN IMMEDIATE; INSERT INTO pushes VALUES (2)')
  const { id } = h.runtime.enqueueIn(connection, 'echo', { n: 2 })
  assert.equal(await h.runtime.get(id), undefined)
  connection.exec('COMMIT')
  assert.equal((await h.event('completed', id)).result, 2)
  assert.equal(h.told('completed').length, 1)
})
