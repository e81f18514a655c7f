import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { NewJob } from '../../src/job/job.ts'
import { newJob } from '../../src/job/submission.ts'
import { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { UNLIMITED, type Admission, type Queue } from '../../src/store/admission.ts'
import { NO_WORK } from '../../src/store/turn.ts'
import { median } from '../statistics.ts'
import type { Params } from '../setup.ts'

const DUE = 50_000
const CLAIMS = 300
const ROOM = 64

/** Microseconds of a turn that claims one job, beside a group that has many due jobs and is full. */
export async function fullGroup({ durability }: Params): Promise<Record<string, number>> {
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  const store = await SqliteStore.open(join(folder, 'queue.db'), { durability })
  try {
    for (let i = 0; i < DUE / 1_000; i++) await enqueue(store, jobsOf('full', 1_000))
    await claim(store)
    const times: number[] = []
    for (let i = 0; i < CLAIMS; i++) times.push(await claimOther(store, `other ${i}`))
    return { 'µs to claim beside a full group': median(times) }
  } finally {
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

async function claimOther(store: SqliteStore, group: string): Promise<number> {
  await enqueue(store, jobsOf(group, 1))
  const start = performance.now()
  const [job, ...others] = await claim(store)
  const took = performance.now() - start
  if (job?.group !== group || others.length > 0) throw new Error(`claimed ${job?.group}`)
  const settlement = { to: 'completed' } as const
  const settles = [
    { job, settlement, rerun: { crashes: 0, error: null }, followUps: [], deliveries: [] },
  ]
  await store.turn({ ...NO_WORK, now: store.clock.now(), settles })
  return took * 1_000
}

function admit(queues: Queue[]): Admission[] {
  const terms = { ...UNLIMITED, groupConcurrency: 2 }
  return [{ queues: queues.map((queue) => ({ ...queue, terms })), room: ROOM, most: ROOM }]
}

async function claim(store: SqliteStore) {
  const turn = await store.turn({ ...NO_WORK, now: store.clock.now(), admit })
  return turn.claimed
}

async function enqueue(store: SqliteStore, enqueues: NewJob[]): Promise<void> {
  await store.turn({ ...NO_WORK, now: store.clock.now(), enqueues })
}

function jobsOf(group: string, jobs: number): NewJob[] {
  const now = Date.now()
  return Array.from({ length: jobs }, () => newJob('noop', {}, { group }, { now, wall: now }))
}
