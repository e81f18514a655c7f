import Database from 'better-sqlite3'
import { newJob } from '../../src/job/submission.ts'
import { UNLIMITED } from '../../src/store/admission.ts'
import type { SqliteStore } from '../../src/store/sqlite/sqlite-store.ts'
import { withStore, type Params } from '../setup.ts'
import { median } from '../statistics.ts'
import { claim, complete, enqueue } from '../turns.ts'

const TURNS = 200
const JOBS = 100

/** The rows in the file beside the jobs that are measured; they are due `ahead` ms from now. */
const BACKLOGS: [name: string, rows: number, columns: { state: string; ahead: number }][] = [
  ['1,000 queued', 1_000, { state: 'queued', ahead: 0 }],
  ['100,000 queued', 100_000, { state: 'queued', ahead: 0 }],
  ['1,000,000 queued', 1_000_000, { state: 'queued', ahead: 0 }],
  ['1,000,000 scheduled', 1_000_000, { state: 'queued', ahead: 86_400_000 }],
  ['1,000,000 dead', 1_000_000, { state: 'dead', ahead: 0 }],
]

/** Microseconds to claim and settle one job, beside backlogs of several sizes. */
export async function backlog(params: Params): Promise<Record<string, number>> {
  const figures: Record<string, number> = {}
  for (const [name, rows, columns] of BACKLOGS) {
    figures[`µs beside ${name}`] = await measure(params, async ({ file }) =>
      fill(file, rows, columns),
    )
  }
  figures['µs beside 10,000 keys'] = await measure(params, keys)
  return figures
}

function measure(params: Params, prepare: (store: SqliteStore) => Promise<void>): Promise<number> {
  return withStore(params, async (store) => {
    await prepare(store)
    const times: number[] = []
    for (let turn = 0; turn < TURNS; turn++) times.push(await claimAndSettle(store))
    return median(times)
  })
}

/** The jobs that are claimed are enqueued first, so that the backlog stays as it is. */
async function claimAndSettle(store: SqliteStore): Promise<number> {
  const now = store.clock.now()
  const enqueues = Array.from({ length: JOBS }, () => newJob('noop', {}, {}, { now, wall: now }))
  await enqueue(store, enqueues)
  const start = performance.now()
  await complete(store, await claim(store, UNLIMITED, JOBS))
  return ((performance.now() - start) / JOBS) * 1_000
}

async function fill(
  file: string,
  rows: number,
  { state, ahead }: { state: string; ahead: number },
) {
  const db = new Database(file)
  const now = Date.now() - 1_000
  db.prepare(
    `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
     INSERT INTO helve_jobs (kind, state, payload, priority, run_at, created_at, died_at)
     SELECT 'noop', ?, '{}', 0, ?, ?, iif(? = 'dead', ?, NULL) FROM n`,
  ).run(rows, state, now + ahead, now, state, now)
  db.prepare(
    `INSERT INTO helve_queues (kind, priority, ${state}, ready_at) VALUES ('noop', 0, ?, ?)`,
  ).run(rows, state === 'queued' ? now + ahead : null)
  db.close()
}

async function keys(store: SqliteStore): Promise<void> {
  const now = store.clock.now()
  const later = { delay: 86_400_000 }
  const enqueues = Array.from({ length: 10_000 }, (_, i) =>
    newJob('noop', {}, { dedupeKey: `key:${i}`, ...later }, { now, wall: now }),
  )
  await enqueue(store, enqueues)
}
