import { Runtime, SqliteStore, type Job } from '../../../src/index.ts'
import type handlers from './handlers.ts'
import { Pen } from './ledger.ts'
import { dieAt, type Death } from './points.ts'
import { groupOf, MANY, submission, type Payload } from './submissions.ts'

// The tests of this folder fork this module, as built: a process with a runtime and threads, which
// the tests kill. By a message the tests tell the process to enqueue without end, or to wait for
// the end of all jobs. The process prints `ack n`, `error …`, `dies` and `drained`.

/** What a process is told to do. Without a load it drains the queue. */
export interface Order {
  load?: {
    /** The submissions of the process begin after this number. */
    first: number
    death?: Death | undefined
  }
}

/** Producers wait while so many jobs are queued: a kill finds jobs in every stage. */
const ROOM = 120
const BATCH = 20
const PRODUCERS = 8

const [file, ledger] = process.argv.slice(2) as [string, string]
const cells = new Int32Array(new SharedArrayBuffer(8))
const pen = new Pen(ledger)
const tell = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)
const progress = { acknowledged: 0, onDeath: () => tell('dies') }

/** Starts a runtime. `dieAt` has to wrap its methods before. */
async function start(): Promise<Runtime<typeof handlers, { inline: Payload }>> {
  const runtime = new Runtime<typeof handlers, { inline: Payload }>(await SqliteStore.open(file), {
    handlers: new URL('./handlers.ts', import.meta.url),
    config: { ledger, cells },
    lanes: { default: { threads: 3 } },
  })
  const backoff = { delay: 5, jitter: 0 }
  runtime.register('flaky', { backoff })
  runtime.register('keyed', { backoff })
  runtime.register('grouped', { group: (payload) => groupOf(payload) })
  runtime.register('patient', { backoff, timeout: 20, grace: 10_000 })
  // A thread that dies of a stubborn job has no other job.
  runtime.register('stubborn', { backoff, timeout: 30, grace: 10, alone: true })
  runtime.register('inline', async (job: Job<Payload>) => {
    pen.write('start', job)
    await new Promise(setImmediate)
    pen.write('end', job)
  })
  runtime.on('error', ({ error, during }) => tell('error', during, String(error)))
  void runtime.run()
  return runtime
}

type Running = Awaited<ReturnType<typeof start>>

/** Enqueues until the end of the process; several submissions wait for their commit at a time. */
async function load(runtime: Running, first: number): Promise<void> {
  let [one, many] = [first, first + MANY]
  const heard = (n: number): void => {
    progress.acknowledged += 1
    tell('ack', n)
  }
  const singly = async (): Promise<never> => {
    for (;;) {
      await room(runtime)
      const n = (one += 1)
      const { kind, dedupeKey } = submission(n)
      await runtime.enqueue(kind, { n }, { dedupeKey })
      heard(n)
    }
  }
  const together = async (): Promise<never> => {
    for (;;) {
      await room(runtime)
      const numbers = Array.from({ length: BATCH }, () => (many += 1))
      const all = numbers.map((n) => ({ kind: submission(n).kind, payload: { n } }))
      await runtime.enqueueMany(all)
      for (const n of numbers) heard(n)
    }
  }
  await Promise.all([together(), ...Array.from({ length: PRODUCERS }, singly)])
}

/** Waits until the threads keep up, so that a kill finds jobs in every stage. */
async function room(runtime: Running): Promise<void> {
  for (;;) {
    const counts = Object.values(await runtime.counts())
    if (counts.reduce((sum, { queued }) => sum + queued, 0) < ROOM) return
    await new Promise<void>((resolve) => {
      const once = (): void => {
        runtime.off('completed', once)
        resolve()
      }
      runtime.on('completed', once)
    })
  }
}

async function drain(runtime: Running): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = async (): Promise<void> => {
      const counts = Object.values(await runtime.counts())
      if (counts.every(({ queued, running }) => queued + running === 0)) resolve()
    }
    runtime.on('completed', () => void look())
    runtime.on('dead', () => void look())
    void look()
  })
  await runtime.stop()
  tell('drained')
}

const orphaned = (): never => process.exit(1)
process.once('disconnect', orphaned)
process.once('message', async ({ load: of }: Order) => {
  if (of?.death) dieAt(of.death, progress)
  const runtime = await start()
  if (of !== undefined) return load(runtime, of.first)
  await drain(runtime)
  process.off('disconnect', orphaned)
  process.disconnect()
})
