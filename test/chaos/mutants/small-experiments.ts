import { join } from 'node:path'
import Database from 'better-sqlite3'
import { PermanentError, Runtime, SqliteStore, type Job } from '../../../src/index.ts'
import { aJob, NOW } from '../../support/jobs.ts'
import { signal } from '../../support/signal.ts'
import type handlers from '../crash/handlers.ts'
import { Judge } from '../crash/judge.ts'
import { Ledger } from '../crash/ledger.ts'
import { HOLDS_UP, MANY, type Payload } from '../crash/submissions.ts'
import { FOUND, Violation, violation } from '../crash/violation.ts'

// The experiments of this folder start this module, as built. It runs one experiment that needs no
// kill, on the build that this file is in. The exit code says whether it has found a violation.

export type Small = keyof typeof SMALL

const SMALL = {
  /** Settles that cannot be written wait until they can be written. */
  async 'busy file'(folder: string) {
    const { store, runtime } = await start(folder)
    const [release, failed] = [signal('the release'), signal('a failed turn')]
    runtime.on('error', () => failed.fire())
    runtime.register('held', () => release.wait())
    await runtime.enqueueMany(Array.from({ length: 5 }, () => ({ kind: 'held' })))
    await runNext(runtime)
    const other = new Database(store.file)
    other.exec('BEGIN IMMEDIATE')
    release.fire()
    await failed.wait()
    other.exec('ROLLBACK')
    await runNext(runtime)
    const { held } = await runtime.counts()
    if (held !== undefined) violation('runs have ended, and are not settled', held)
  },

  /** A settle changes nothing but the claim that it ends. */
  async 'late settle'(folder: string) {
    const store = await open(folder)
    await store.enqueue(aJob(), NOW)
    const again = {
      ...({ to: 'queued', runAt: NOW, charge: 'nothing', error: null } as const),
      backingOff: false,
    }
    const late = await store.claim(NOW)
    await store.fail(late!, again, NOW)
    const own = await store.claim(NOW)
    if (await store.fail(late!, again, NOW)) violation('a late settle has ended another claim')
    if (await store.complete(late!, NOW)) violation('a late settle has completed another claim')
    if (!(await store.complete(own!, NOW))) violation('a settle in time has come to nothing')
  },

  /** A submission with the key of a dead job has a run of its own. */
  async 'key of a dead job'(folder: string) {
    const { runtime } = await start(folder)
    const [dead, ran] = [signal('a dead job'), [] as number[]]
    runtime.on('dead', () => dead.fire())
    runtime.register('keyed', async ({ payload: { n } }: Job<Payload>) => {
      ran.push(n)
      if (n === 1) throw new PermanentError('hopeless')
    })
    await runtime.enqueue('keyed', { n: 1 }, { dedupeKey: 'key' })
    await dead.wait()
    const second = await runtime.enqueue('keyed', { n: 2 }, { dedupeKey: 'key' })
    await runNext(runtime)
    if (!ran.includes(2)) violation('no run follows a submission with a dead job’s key', second)
  },

  /** A job that waits behind a slow job in its thread is run by another thread, and only there. */
  async 'batch taken back'(folder: string) {
    const ledger = new Ledger(join(folder, 'ledger'))
    const runtime = new Runtime<typeof handlers>(await open(folder), {
      handlers: new URL('../crash/handlers.ts', import.meta.url),
      config: { ledger: ledger.file, cells: new Int32Array(new SharedArrayBuffer(8)) },
      lanes: { default: { threads: 2 } },
    })
    void runtime.run()
    const judge = new Judge()
    for (let round = 0; round < ROUNDS; round += 1) {
      const slow = HOLDS_UP * (Math.ceil(MANY / HOLDS_UP) + 1 + round)
      // First run so many short jobs that the kind is taken for a quick one again.
      const acks = [...(await runAll(runtime, slow - 60, 60)), ...(await runAll(runtime, slow, 60))]
      judge.drained({ acks, entries: ledger.news(), rows: [] })
    }
  },
}

const ROUNDS = 8

function open(folder: string): Promise<SqliteStore> {
  return SqliteStore.open(join(folder, 'queue.db'))
}

/** Starts a runtime with handlers on the main thread only. */
async function start(folder: string) {
  const store = await open(folder)
  const runtime = new Runtime(store)
  runtime.register('next', async () => undefined)
  void runtime.run()
  return { store, runtime }
}

/** Runs one more job: by its end, turns have taken all mail that came before it. */
async function runNext(runtime: Runtime): Promise<void> {
  const { id } = await runtime.enqueue('next')
  await new Promise<void>((resolve) => {
    runtime.on('completed', ({ job }) => job.id === id && resolve())
  })
}

/** Runs `count` short jobs; resolves to their numbers. */
async function runAll(runtime: Runtime<typeof handlers>, first: number, count: number) {
  const numbers = Array.from({ length: count }, (_, i) => first + i)
  let left = count
  const ended = new Promise<void>((resolve) => {
    runtime.on('completed', () => (left -= 1) === 0 && resolve())
  })
  await runtime.enqueueMany(numbers.map((n) => ({ kind: 'short' as const, payload: { n } })))
  await ended
  return numbers
}

const [name, folder] = process.argv.slice(2) as [Small, string]
try {
  await SMALL[name](folder)
  process.exit(0)
} catch (error) {
  if (!(error instanceof Violation)) throw error
  process.stdout.write(error.message)
  process.exit(FOUND)
}
