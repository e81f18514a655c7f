import type { NewJob } from '../../src/job/job.ts'
import { newJob } from '../../src/job/submission.ts'
import { UNLIMITED } from '../../src/store/admission.ts'
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { withStore, type Params } from '../setup.ts'
import { median } from '../statistics.ts'
import { claim, complete, enqueue } from '../turns.ts'

const DUE = 50_000
const CLAIMS = 300
const ROOM = 64
const TERMS = { ...UNLIMITED, groupConcurrency: 2 }

/** Microseconds of a turn that claims one job, beside a group that has many due jobs and is full. */
export function fullGroup(params: Params): Promise<Record<string, number>> {
  return withStore(params, async (store) => {
    for (let i = 0; i < DUE / 1_000; i++) await enqueue(store, jobsOf(store, 'full', 1_000))
    await claim(store, TERMS, ROOM)
    const times: number[] = []
    for (let i = 0; i < CLAIMS; i++) times.push(await claimOther(store, `other ${i}`))
    return { 'µs to claim beside a full group': median(times) }
  })
}

async function claimOther(store: SqliteStore, group: string): Promise<number> {
  await enqueue(store, jobsOf(store, group, 1))
  const start = performance.now()
  const [job, ...others] = await claim(store, TERMS, ROOM)
  const took = performance.now() - start
  if (job?.group !== group || others.length > 0) throw new Error(`claimed ${job?.group}`)
  await complete(store, [job])
  return took * 1_000
}

/** Jobs that are due at once. */
function jobsOf(store: SqliteStore, group: string, jobs: number): NewJob[] {
  const now = store.clock.now()
  return Array.from({ length: jobs }, () => newJob('noop', {}, { group }, { now, wall: now }))
}
