import * as fc from 'fast-check'
import type { Outcome } from '../../../src/job/outcome.ts'
import { completed, failed } from '../../support/fake-pool.ts'
import type { Queue } from './queue.ts'
import { newJob, submission, type Said } from './submission.ts'

/** How a run ends. The outcome is made when the run ends, since it may contain times. */
export interface Chosen {
  make: (queue: Queue) => Outcome
  toString: () => string
}

/** Milliseconds. The last delay is beyond the `maxAge` of a kind. */
const delay = fc.constantFrom(0, 1, 300, 6_000, 25_000)
const nothing = fc.constant('')
const followUps = fc.array(submission, { maxLength: 2, size: 'max' })
const deliveries: [] = []

const jobs = (queue: Queue, said: Said[]) => said.map((one) => newJob(queue, one, 'handler'))

export const outcome: fc.Arbitrary<Chosen> = fc.oneof(
  chosen(3, 'completed', nothing, () => completed()),
  chosen(2, 'completed, followed by', followUps, (said, queue) => {
    return completed({ followUps: jobs(queue, said) })
  }),
  chosen(3, 'failed', nothing, () => failed()),
  chosen(1, 'retry after', delay, (ms, { clock }) => failed({ retryAt: clock.wall() + ms })),
  chosen(1, 'failed for good', nothing, () => failed({ permanent: true })),
  chosen(2, 'timed out', nothing, () => ({ type: 'timedOut', timeout: 30 })),
  chosen(2, 'lost', nothing, () => ({ type: 'lost', reason: 'exit' })),
  chosen(1, 'released', nothing, () => ({ type: 'released', reason: 'told to end' })),
  chosen(2, 'snoozed', fc.tuple(delay, followUps), ([ms, said], queue) => {
    return { type: 'snoozed', delay: ms, followUps: jobs(queue, said), deliveries }
  }),
)

function chosen<T>(
  weight: number,
  name: string,
  args: fc.Arbitrary<T>,
  make: (args: T, queue: Queue) => Outcome,
): fc.WeightedArbitrary<Chosen> {
  const arbitrary = args.map((args) => ({
    make: (queue: Queue) => make(args, queue),
    toString: () => `${name} ${fc.stringify(args)}`,
  }))
  return { weight, arbitrary }
}
