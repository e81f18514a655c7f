import { execFileSync } from 'node:child_process'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import Database from 'better-sqlite3'
import { withStore, type Params } from '../../setup.ts'

/** Deliveries, with a record of an attempt each, and a fourth as many events. */
const ROWS = 1_000_000
/** Deliveries whose jobs still wait, so that no sweep deletes them. */
const PENDING = 20_000
/** Events with a body of {@link LARGE} bytes. */
const LARGE_EVENTS = 40
const LARGE = 25_000_000

const DAY = 24 * 60 * 60 * 1_000

/**
 * A sweep over 1,000,000 old deliveries and their records, and for how long another writer of the
 * file had to wait at the most.
 */
export function deliverySweep(params: Params): Promise<Record<string, number>> {
  return withStore(params, async (store) => {
    fill(store.file)
    const writer = await startWriter(store.file)
    const loop = monitorEventLoopDelay({ resolution: 1 })
    loop.enable()
    const start = performance.now()
    await store.pruneDeliveries(Date.now() - 30 * DAY)
    const seconds = (performance.now() - start) / 1_000
    loop.disable()
    const held = loop.max / 1e6
    const longest = await writer.stop()
    return {
      'longest hold of the writer ms': held,
      'longest wait of another writer ms': longest,
      'deliveries/s': ROWS / seconds,
    }
  })
}

function fill(file: string): void {
  const db = new Database(file)
  const at = Date.now() - 60 * DAY
  db.pragma('synchronous = OFF')
  db.exec('BEGIN')
  const numbers = `WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)`
  const guid = `printf('%08x-0000-4000-8000-000000000000', (i + 3) / 4)`
  const run = (sql: string, ...values: number[]): void => void db.prepare(sql).run(...values)
  run(
    `${numbers} INSERT INTO helve_webhook_payloads (hash, bytes)
     SELECT printf('%064x', i), CASE WHEN i <= ? THEN zeroblob(?) ELSE randomblob(200) END FROM n`,
    ...[ROWS / 4, LARGE_EVENTS, LARGE],
  )
  run(
    `${numbers} INSERT INTO helve_webhook_events (guid, event, action, hash, at)
     SELECT printf('%08x-0000-4000-8000-000000000000', i), 'push', NULL, printf('%064x', i), ? + i
     FROM n`,
    ...[ROWS / 4, at],
  )
  run(
    `${numbers} INSERT INTO helve_webhook_deliveries (webhook_id, guid, at, job_id, delivered_at)
     SELECT i % 4 + 1, ${guid}, ? + i / 4, i, ? FROM n`,
    ...[ROWS, at, at],
  )
  run(
    `${numbers} INSERT INTO helve_webhook_attempts (webhook_id, event, guid, attempt, redelivery, at,
       duration_ms, url, request_headers, request_body, truncated, outcome, delivery_id, job_id)
     SELECT i % 4 + 1, 'push', ${guid}, 1, 0, ? + i / 4, 12, 'https://a.example/hook', '{}', 'x', 0,
       'ok', i, i FROM n`,
    ...[ROWS, at],
  )
  // The oldest deliveries still wait: a sweep has to pass over them.
  run(
    `${numbers} INSERT INTO helve_jobs (id, kind, priority, run_at, max_attempts, created_at, since,
       payload)
     SELECT i, 'deliver_webhook', 0, ?, 9, ?, ?, '{}' FROM n`,
    ...[PENDING, Date.now() + DAY, at, at],
  )
  db.exec('COMMIT')
  db.pragma('wal_checkpoint(TRUNCATE)')
  db.close()
  // The disk must not still be writing what the benchmark has prepared. Not in this process: closing
  // the file would drop the locks of its store.
  execFileSync('sync')
}

/** Starts a thread that takes the lock of the file again and again. */
async function startWriter(file: string): Promise<{ stop: () => Promise<number> }> {
  const url = new URL('./writer.js', import.meta.url)
  const worker = new Worker(fileURLToPath(url), { workerData: { file } })
  await new Promise((resolve, reject) => worker.once('message', resolve).once('error', reject))
  const stop = (): Promise<number> =>
    new Promise((resolve, reject) => {
      worker.once('message', resolve).once('error', reject)
      worker.postMessage('stop')
    })
  return { stop }
}
