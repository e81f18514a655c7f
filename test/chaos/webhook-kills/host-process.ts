import { deliverWebhookPolicy, Runtime, SqliteStore } from '../../../src/index.ts'
import { LOOPBACK_HOOKS } from '../../support/store.ts'
import { BY_A_JOB, publicationOf } from './event.ts'
import type handlers from './handlers.ts'

// The tests of this folder fork this module, as built: a process that publishes events to webhooks
// and delivers the events, until the tests kill the process. The process prints `ack n`, `done id`
// for each job that has completed, `error …` and `drained`.

/** What a process is told to do. Without a load it drains the queue. */
export interface Order {
  load?: {
    /** Numbers of events that may have been published, and were not acknowledged. */
    again: number[]
    /** The further events of the process have the numbers from here on. */
    first: number
  }
}

/** Producers wait while so many jobs are queued. */
const ROOM = 40
const PRODUCERS = 3

const [file] = process.argv.slice(2) as [string]
const tell = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)

type Running = Runtime<typeof handlers>

async function start(): Promise<Running> {
  const store = await SqliteStore.open(file, { webhooks: LOOPBACK_HOOKS })
  const runtime = new Runtime<typeof handlers>(store, {
    handlers: new URL('./handlers.ts', import.meta.url),
    lanes: { default: { threads: 1 }, io: { threads: 1, concurrency: 8 } },
    logger: false,
  })
  // These tests send more than 10 deliveries in a second.
  const groupRate = { limit: 1_000_000, per: 1_000 }
  const policy = { ...deliverWebhookPolicy(), groupRate, lane: 'io' }
  runtime.register('deliver_webhook', policy as never)
  runtime.on('completed', ({ job }) => tell('done', job.id))
  runtime.on('dead', ({ job, error }) => tell('error', `job ${job.id} is dead`, error.message))
  runtime.on('error', ({ error, during }) => tell('error', during, String(error)))
  void runtime.run()
  return runtime
}

/** Publishes until the end of the process; several events wait for their commit at a time. */
async function load(runtime: Running, { again, first }: NonNullable<Order['load']>): Promise<void> {
  let last = first - 1
  const numbers = [...again]
  const publishing = async (): Promise<never> => {
    for (;;) {
      await room(runtime)
      const n = numbers.shift() ?? (last += 1)
      if (n % BY_A_JOB === 0) await runtime.enqueue('announce', { n })
      else await runtime.webhooks.publish('push', publicationOf(n))
      tell('ack', n)
    }
  }
  await Promise.all(Array.from({ length: PRODUCERS }, publishing))
}

async function room(runtime: Running): Promise<void> {
  for (;;) {
    const counts = Object.values(await runtime.counts())
    if (counts.reduce((sum, { queued }) => sum + queued, 0) < ROOM) return
    await new Promise<void>((resolve) => runtime.once('completed', () => resolve()))
  }
}

async function drain(runtime: Running): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = async (): Promise<void> => {
      const counts = Object.values(await runtime.counts())
      if (counts.every(({ queued, running }) => queued + running === 0)) resolve()
    }
    runtime.on('completed', () => void look())
    void look()
  })
  await runtime.stop()
  tell('drained')
}

const orphaned = (): never => process.exit(1)
process.once('disconnect', orphaned)
process.once('message', async ({ load: of }: Order) => {
  const runtime = await start()
  if (of !== undefined) return load(runtime, of)
  await drain(runtime)
  process.off('disconnect', orphaned)
  process.disconnect()
})
