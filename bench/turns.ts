import type { ClaimedJob, NewJob } from '../src/job/job.ts'
import type { Admission, KindTerms, Queue } from '../src/store/admission.ts'
import type { SqliteStore } from '../src/store/sqlite/sqlite-store.ts'
import { NO_WORK } from '../src/store/turn.ts'

// Each function takes one turn of a store, and the turn does one thing.

export async function enqueue(store: SqliteStore, enqueues: NewJob[]): Promise<void> {
  await store.turn({ ...NO_WORK, now: store.clock.now(), enqueues })
}

/** Claims up to `room` due jobs, under the same terms for each kind. */
export async function claim(
  store: SqliteStore,
  terms: KindTerms,
  room: number,
): Promise<ClaimedJob[]> {
  const admit = (queues: Queue[]): Admission[] => [
    { queues: queues.map((queue) => ({ ...queue, terms })), room, most: room },
  ]
  const { claimed } = await store.turn({ ...NO_WORK, now: store.clock.now(), admit })
  return claimed
}

export async function complete(store: SqliteStore, jobs: ClaimedJob[]): Promise<void> {
  const settles = jobs.map((job) => ({
    ...{ job, move: { to: 'completed' } as const },
    ...{ rerun: { crashes: 0, error: null }, followUps: [], deliveries: [], breakers: [] },
  }))
  await store.turn({ ...NO_WORK, now: store.clock.now(), settles })
}
