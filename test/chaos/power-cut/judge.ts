import assert from 'node:assert/strict'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Runtime, SqliteStore, type Job } from '../../../src/index.ts'
import type { Ledger } from './ledger.ts'
import { isFollowed, submission, type Payload } from './submissions.ts'

/** A job as it is in the file. */
interface Row {
  id: number
  kind: string
  state: string
  key: string | null
  payload: string
  n: number
}

/** Milliseconds that only a test waits that has failed. */
const PATIENCE = 120_000

/**
 * Opens the file that a power cut has left, and lets the jobs in the file run.
 *
 * @returns the acknowledged submissions that are lost: neither in the file nor done
 * @throws on a file that is not clean, a job that is not as it was submitted, a job that is stuck
 */
export async function judge(folder: string, said: Ledger): Promise<number[]> {
  const file = join(folder, 'queue.db')
  const store = await SqliteStore.open(file)
  const connection = new Database(file)
  try {
    assertClean(connection)
    const found = rows(connection)
    assertAsSubmitted(found)
    assertPrefix(found, said)
    const ledger = said.copy()
    await drain(store, ledger)
    const left = rows(connection)
    assertClean(connection)
    assertNothingStuck(left)
    return lost(left, ledger, missing(found, ledger))
  } finally {
    connection.close()
    await store.close()
  }
}

function assertClean(connection: Database.Database): void {
  assert.deepEqual(connection.pragma('integrity_check'), [{ integrity_check: 'ok' }])
  const counted = connection.prepare(
    `SELECT state, kind, priority, count(*) AS jobs FROM helve_jobs GROUP BY 1, 2, 3`,
  )
  const kept = connection.prepare(
    `SELECT * FROM (
       SELECT 'dead' AS state, kind, priority, dead AS jobs FROM helve_queues
       UNION ALL SELECT 'queued', kind, priority, queued FROM helve_queues
       UNION ALL SELECT 'running', kind, priority, running FROM helve_queues)
     WHERE jobs <> 0 ORDER BY 1, 2, 3`,
  )
  assert.deepEqual(kept.all(), counted.all(), 'the counters are not those of the jobs')
}

function rows(connection: Database.Database): Row[] {
  const all = connection.prepare<[], Omit<Row, 'n'>>(
    `SELECT id, kind, state, dedupe_key AS key, payload FROM helve_jobs ORDER BY id`,
  )
  return all.all().map((row) => ({ ...row, n: (JSON.parse(row.payload) as Payload).n }))
}

function assertAsSubmitted(found: Row[]): void {
  for (const { n, kind, key, payload } of found) {
    const of = submission(n)
    const expected = [of.kind, of.options.dedupeKey ?? null, JSON.stringify(of.payload)]
    assert.deepEqual([kind, key, payload], expected, `submission ${n} is not as it was`)
  }
}

/** A cut takes back the newest commits only: no job is there without the jobs before it. */
function assertPrefix(found: Row[], { acks }: Ledger): void {
  const there = found.filter(({ kind }) => kind === 'later')
  const present = new Set(there.map(({ n }) => n))
  const newest = Math.max(0, ...there.map(({ id }) => id))
  for (const [n, id] of acks) {
    const hole = submission(n).kind === 'later' && !present.has(n) && id < newest
    assert.ok(!hole, `submission ${n} (job ${id}) is lost, and job ${newest} is there`)
  }
}

/**
 * Submissions without a key that are neither in the file nor done, and likewise the follow-up jobs
 * of settled ones: a settle and its follow-up jobs are both on the disk, or neither is.
 */
function missing(found: Row[], { acks, ended }: Ledger): number[] {
  const present = new Set(found.map(({ n }) => n))
  const plain = [...acks.keys()].filter((n) => submission(n).kind !== 'keyed')
  const settled = plain.filter((n) => !present.has(n) && ended.has(n))
  const owed = [...plain, ...settled.filter(isFollowed).map((n) => -n)]
  return owed.filter((n) => !present.has(n) && !ended.has(n))
}

/**
 * What is lost after all jobs have run: `missing`, and the submissions with a key for which no run
 * has started with their payload or a newer one.
 */
function lost(left: Row[], { acks, started }: Ledger, missing: number[]): number[] {
  const seen = new Map(started)
  for (const { key, n } of left) if (key) seen.set(key, Math.max(n, seen.get(key) ?? 0))
  const keyed = [...acks.keys()].filter((n) => submission(n).kind === 'keyed')
  const unseen = keyed.filter((n) => (seen.get(submission(n).options.dedupeKey!) ?? 0) < n)
  return [...missing, ...unseen]
}

/** I2: every job that is left waits for its time, or has crashed too often. */
function assertNothingStuck(left: Row[]): void {
  const stuck = left.filter(({ state, kind }) => state !== 'dead' && kind !== 'later')
  assert.deepEqual(stuck, [])
}

async function drain(store: SqliteStore, ledger: Ledger): Promise<void> {
  const runtime = new Runtime(store)
  const run = async ({ payload: { n }, dedupeKey }: Job<Payload>): Promise<void> => {
    ledger.start(n, dedupeKey ?? '-')
  }
  for (const kind of ['plain', 'keyed', 'follow']) runtime.register(kind, run)
  runtime.on('error', ({ error }) => ledger.errors.push(String(error)))
  const running = runtime.run()
  await ended(runtime)
  await runtime.stop()
  await running
  assert.deepEqual(ledger.errors, [])
}

/** Resolves when nothing is left to run. */
function ended(runtime: Runtime): Promise<void> {
  return new Promise((resolve, reject) => {
    const patience = setTimeout(() => reject(new Error('the queue never drained')), PATIENCE)
    const look = async (): Promise<void> => {
      const { later: _, ...counts } = await runtime.counts()
      if (!Object.values(counts).every(({ queued, running }) => queued + running === 0)) return
      clearTimeout(patience)
      resolve()
    }
    runtime.on('completed', () => void look())
    runtime.on('dead', () => void look())
    void look()
  })
}
