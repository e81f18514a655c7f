import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Runtime } from '../../src/index.ts'
import { Waiting } from '../support/waiting.ts'
import { aJob, claim, enqueue } from '../support/jobs.ts'
import { openStore } from '../support/store.ts'

const JOBS = 30

test('I2: the jobs that a dead process left running run again soon, however many', async (t) => {
  const dead = await openStore(t)
  await dead.join(0)
  await enqueue(dead, ...Array.from({ length: JOBS }, () => aJob()))
  assert.equal((await claim(dead)).length, JOBS)
  await dead.close()

  const store = await openStore(t, { file: dead.file })
  const runtime = new Runtime(store)
  t.after(() => runtime.stop())
  const completed: { id: number; attempt: number }[] = []
  const waiting = new Waiting(() => `${completed.length} completed`)
  runtime.register('reindex', () => new Promise((resolve) => setImmediate(resolve)))
  runtime.on('completed', ({ job }) => {
    completed.push(job)
    waiting.look()
  })
  void runtime.run()
  await waiting.until(() => completed.length === JOBS, 'the end of all')
  assert.deepEqual(new Set(completed.map(({ attempt }) => attempt)), new Set([1]))
})
