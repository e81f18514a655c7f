import * as fc from 'fast-check'
import type { NewJob } from '../../../src/job/job.ts'
import { NEVER } from '../../../src/job/limits.ts'
import { aJob } from '../../support/jobs.ts'
import { groupOf, KINDS, type Kind, type Payload, type Repo } from './kinds.ts'
import type { Queue } from './queue.ts'

const OVERRIDES = [
  ...[null, null, null, { timeout: 50 }],
  ...[{ backoff: { type: 'fixed', delay: 700 } } as const, { backoff: { delay: 10 } }],
]

/** A time that the wall clock has shown long ago. */
const EPOCH = 'epoch'

/** Milliseconds from now on, or the epoch. */
type Moment = number | typeof EPOCH | null

/** What a submission says. The key `own` is its kind's own; all kinds share the key `shared`. */
export const submission = fc.record({
  kind: fc.constantFrom(...KINDS, 'grouped', 'filed', 'trickled'),
  key: fc.constantFrom(null, null, null, 'own', 'own', 'shared'),
  /** Undefined leaves the group to the kind. */
  group: fc.constantFrom(null, undefined, 'a', 'b'),
  repo: fc.constantFrom<Repo[]>('none', 'a', 'b', 'bad'),
  priority: fc.constantFrom(0, 0, 0, -1, 1),
  delay: fc.constantFrom(0, 0, 0, 30, 400, 5_000),
  /** When it is due by the wall clock, from now on; null: the submission says a delay. */
  moment: fc.constantFrom<Moment[]>(null, null, null, null, 30, 5_000, -10_000, EPOCH),
  maxAttempts: fc.constantFrom(null, null, 1, 2),
  overrides: fc.constantFrom(...OVERRIDES),
})

export type Said = typeof submission extends fc.Arbitrary<infer T> ? T : never

/**
 * Where a submission comes in. Only the runtime knows what kinds say. A handler's submissions come
 * in at the end of its run, whenever the run ends.
 */
type Door = 'runtime' | 'elsewhere' | 'handler'

/** The job of a submission that has come in by a door now. */
export function newJob(queue: Queue, said: Said, door: Door): NewJob {
  const { kind, key, repo, priority, maxAttempts, overrides } = said
  const dedupeKey = key === 'own' ? `${kind}:1` : key
  const payload = queue.payload(repo)
  const now = door === 'handler' ? 0 : queue.now
  const group = door === 'runtime' ? filedBy(kind, payload, said.group) : said.group
  return aJob({
    ...{ kind, dedupeKey, payload, group, priority, maxAttempts, overrides },
    ...timesOf(said, now, queue.clock.wall()),
  })
}

/** A handler's submission, as it is written when the run ends. */
export function followUp({ now }: Queue, job: NewJob): NewJob {
  const { runAt, group, payload } = job
  return {
    ...job,
    runAt: runAt === NEVER ? NEVER : now + runAt,
    group: filedBy(job.kind as Kind, JSON.parse(payload) as Payload, group),
  }
}

/** A delay passes on the queue's timeline; `moment` is a time of the wall clock. */
function timesOf({ delay, moment }: Said, now: number, wall: number) {
  if (moment === null) return { runAt: now + delay, wallAt: null }
  const at = moment === EPOCH ? 0 : wall + moment
  return at > wall ? { runAt: NEVER, wallAt: at } : { runAt: now - (wall - at), wallAt: null }
}

function filedBy(kind: Kind, payload: Payload, group: string | null | undefined): string | null {
  return group === undefined ? groupOf(kind, payload) : group
}
