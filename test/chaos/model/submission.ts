import * as fc from 'fast-check'
import type { NewJob } from '../../../src/job/job.ts'
import { aJob } from '../../support/jobs.ts'
import { KINDS, type Repo } from './kinds.ts'
import type { Queue } from './queue.ts'

const OVERRIDES = [
  ...[null, null, null, { timeout: 50 }],
  ...[{ backoff: { type: 'fixed', delay: 700 } } as const, { backoff: { delay: 10 } }],
]

/** What a submission says: of its keys, one is its kind's own, and one all kinds share. */
export const submission = fc.record({
  kind: fc.constantFrom(...KINDS, 'grouped', 'trickled'),
  key: fc.constantFrom(null, null, null, 'own', 'own', 'shared'),
  group: fc.constantFrom(null, 'a', 'b'),
  repo: fc.constantFrom<Repo[]>('none', 'a', 'b', 'bad'),
  priority: fc.constantFrom(0, 0, 0, -1, 1),
  delay: fc.constantFrom(0, 0, 0, 30, -10_000, 400, 5_000),
  maxAttempts: fc.constantFrom(null, null, 1, 2),
  overrides: fc.constantFrom(...OVERRIDES),
})

export type Said = typeof submission extends fc.Arbitrary<infer T> ? T : never

/** Has passed the door now. */
export function newJob(queue: Queue, { kind, key, delay, repo, ...rest }: Said): NewJob {
  const dedupeKey = key === 'own' ? `${kind}:1` : key
  const payload = queue.payload(repo)
  return aJob({ kind, dedupeKey, payload, runAt: queue.now + delay, ...rest })
}
