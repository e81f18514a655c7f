import assert from 'node:assert/strict'
import * as fc from 'fast-check'
import type { Acknowledgement } from '../mail.ts'
import type { Queue } from '../queue.ts'
import { newJob, submission, type Said } from '../submission.ts'
import { command } from './command.ts'

const some = fc.array(submission, { minLength: 1, maxLength: 4, size: 'max' })
/** One more than the submissions that one statement writes. */
const ALIKE = 21

export const enqueue = command('enqueue', {
  args: some,
  does: ({ queue, engine }, said) => {
    for (const job of posted(queue, said)) engine.enqueue(job)
  },
})

export const enqueueMany = command('enqueueMany', {
  args: fc.tuple(some, submission, some),
  does: ({ queue, engine }, [before, one, after]) => {
    const plain = { ...one, key: null, group: null, overrides: null }
    const alike = Array.from({ length: ALIKE }, () => plain)
    engine.enqueueMany(posted(queue, [...before, ...alike, ...after]))
  },
})

/** Another process, which knows no kinds, enqueues. The coordinator gets to hear of it. */
export const enqueueElsewhere = command('enqueueElsewhere', {
  args: some,
  does: async ({ queue, engine }, said) => {
    const now = engine.store.clock.now()
    assert.equal(now, queue.now, 'the time of the queue')
    for (const job of said.map((one) => newJob(queue, one, 'elsewhere'))) {
      const told = engine.store.enqueue(job, now)
      queue.accept(job, await told.catch((error: Acknowledgement) => error))
    }
    engine.coordinator.wake()
  },
})

function posted(queue: Queue, said: Said[]) {
  const jobs = said.map((one) => newJob(queue, one, 'runtime'))
  queue.mail.submissions.push(...jobs)
  return jobs
}
