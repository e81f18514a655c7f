import assert from 'node:assert/strict'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { Runtime, SqliteStore } from '../../../src/index.ts'
import { gone } from '../../support/processes.ts'
import { Ledger } from './ledger.ts'

interface Row {
  id: number
  state: string
  attempts: number
  crashes: number
  errors: string
}

/** What a process has left. */
export interface Remains {
  acknowledged: number
  ended: number
  /** Runs that were going on when the process ended. */
  orphans: number
  children: number
}

/**
 * Judges the file of a process that has ended in order.
 *
 * @throws on a job that is lost or still runs, on an attempt or a crash that the end has cost a
 *   job, on a process of a handler that lives on
 */
export async function judgeDrained(folder: string): Promise<Remains> {
  const ledger = Ledger.read(folder)
  const found = await rows(folder)
  const remains = judgeRows(found, ledger)
  const lost = await recover(folder)
  assert.deepEqual(lost, [], 'the next start counts crashes')
  assert.deepEqual(await rows(folder), found, 'the next start changes something')
  await gone(...ledger.children.keys(), ...[...ledger.children.values()].flat())
  return remains
}

/** Judges the rows and the ledger of a process that has ended in order. */
export function judgeRows(found: Row[], ledger: Ledger): Remains {
  const running = found.filter(({ state }) => state === 'running')
  assert.deepEqual(running, [], 'still running')
  judgeKept(found, ledger)
  for (const { id, attempts, crashes, errors } of found) {
    const failures = ledger.failures.get(id) ?? 0
    const pays = `job ${id} has failed ${failures} times, and pays ${attempts}: ${errors}`
    assert.ok(attempts <= failures, pays)
    assert.equal(crashes, 0, `job ${id} is said to have crashed`)
  }
  return tally(ledger, 0)
}

/** Judges the file of a process that was ended at once: the next owner recovers its jobs. */
export async function judgeKilled(folder: string): Promise<Remains> {
  const ledger = Ledger.read(folder)
  const before = await rows(folder)
  judgeKept(before, ledger)
  const running = before.filter(({ state }) => state === 'running').map(({ id }) => id)
  assert.deepEqual(await recover(folder), running, 'what ran is not what is recovered')
  for (const { id, state, attempts, crashes } of await rows(folder)) {
    assert.equal(state, 'queued', `job ${id}`)
    assert.ok(attempts <= (ledger.failures.get(id) ?? 0), `job ${id} pays for the crash`)
    assert.equal(crashes, running.includes(id) ? 1 : 0, `crashes of job ${id}`)
  }
  return tally(ledger, running.length)
}

/** I1, I2: every acknowledged job is in the file, or done. */
function judgeKept(found: Row[], { acks, ended, errors }: Ledger): void {
  assert.deepEqual(errors, [])
  const there = new Set(found.map(({ id }) => id))
  const lost = [...acks].filter((id) => !there.has(id) && !ended.has(id))
  assert.deepEqual(lost, [], 'acknowledged, and lost')
}

function tally({ acks, ended, children }: Ledger, orphans: number): Remains {
  return { acknowledged: acks.size, ended: ended.size, orphans, children: children.size }
}

async function rows(folder: string): Promise<Row[]> {
  const connection = new Database(join(folder, 'queue.db'))
  try {
    assert.deepEqual(connection.pragma('quick_check'), [{ quick_check: 'ok' }])
    const all = connection.prepare<[], Row>(
      'SELECT id, state, attempts, crashes, errors FROM helve_jobs ORDER BY id',
    )
    return all.all()
  } finally {
    connection.close()
  }
}

/** Starts the next owner, which claims nothing; resolves to the jobs that this owner finds lost. */
async function recover(folder: string): Promise<number[]> {
  const store = await SqliteStore.open(join(folder, 'queue.db'))
  const runtime = new Runtime(store)
  const lost: number[] = []
  runtime.on('lost', ({ job }) => lost.push(job.id))
  await runtime.start()
  await runtime.stop()
  await store.close()
  return lost.sort((a, b) => a - b)
}
