import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ClaimedJob } from '../../src/job/job.ts'
import { SpawnGuard } from '../../src/thread/guard.ts'
import { Termination } from '../../src/pool/termination.ts'
import type { SupervisedThread } from '../../src/pool/supervised-thread.ts'
import { ThreadSlots } from '../../src/pool/thread-slots.ts'
import { claimOne, enqueue, aJob } from '../support/jobs.ts'
import { openStore } from '../support/store.ts'

const TERMS = { maxAttempts: 1, timeout: 60_000, grace: 10, alone: false, most: 1 }

test('a run whose thread hangs in a spawn is reported as stuck, then killed', async (t) => {
  const store = await openStore(t)
  await enqueue(store, aJob())
  const job = await claimOne(store)
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const [slots, guard] = [new ThreadSlots(1), new SpawnGuard()]
  const [killed, stuck]: ClaimedJob[][] = [[], []]
  const life = { isUp: true, kill: async (culprit: ClaimedJob) => void killed!.push(culprit) }
  const termination = new Termination(
    life as unknown as SupervisedThread,
    slots.shared.flags,
    guard,
    (which) => stuck!.push(which),
  )
  const spawning = (value: 0 | 1): void => {
    Atomics.store(guard.words, 0, value)
    Atomics.notify(guard.words, 0)
  }
  spawning(1)
  termination.end(slots.take({ job, terms: TERMS }), 'interrupt')
  t.mock.timers.tick(TERMS.grace)
  t.mock.timers.tick(5_000)
  assert.deepEqual([stuck, killed], [[job], []])
  spawning(0)
  while (killed!.length === 0) await new Promise(setImmediate)
  assert.deepEqual(killed, [job])
  termination.close()
})
