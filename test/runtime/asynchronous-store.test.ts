import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Runtime } from '../../src/index.ts'
import { aJob, claim, enqueue, refusal } from '../support/jobs.ts'
import { MemoryStore } from '../support/memory-store/memory-store.ts'
import { signal } from '../support/signal.ts'

test('a runtime works on a store that answers later: it recovers, runs, watches and stops', async () => {
  const store = new MemoryStore()
  const other = new MemoryStore({ database: store.database })
  await enqueue(other, aJob({ kind: 'a', payload: 'lost' }))
  await claim(other)

  // With so long an idle poll, the test fails if the runtime waits for it.
  const runtime = new Runtime<unknown, { a: string }, MemoryStore>(store, {
    idle: 60_000,
    logger: false,
  })
  const payloads: string[] = []
  const told = { lost: signal('lost'), own: signal('own'), watched: signal('watched') }
  runtime.register('a', async ({ payload }) => {
    payloads.push(payload)
  })
  runtime.on('completed', () => told[payloads.at(-1) as keyof typeof told].fire())
  const running = runtime.run()
  await told.lost.wait()
  await assert.rejects(other.join(0), refusal('HELVE_ERR_OWNED'))
  await runtime.enqueue('a', 'own')
  await told.own.wait()
  await other.enqueue(aJob({ kind: 'a', payload: 'watched' }), other.clock.now())
  await told.watched.wait()

  await runtime.stop()
  await running
  await store.close()
  assert.deepEqual(payloads, ['lost', 'own', 'watched'])
  assert.deepEqual([await other.counts(), await other.join(0)], [{}, []])
})
