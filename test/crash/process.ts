import { Runtime, SqliteStore } from '../../src/index.ts'
import type handlers from './handlers.ts'
import { write, type Payload } from './handlers.ts'
import type { Job } from '../../src/index.ts'

// Forked by the tests of this folder: a runtime with threads, which they kill. Told to by a
// message, it enqueues without end, or waits for the end of all jobs. On its standard output it
// says what it was told itself: `ack n id`, `completed id`, `dead id`, `drained`.

const [file, ledger] = process.argv.slice(2) as [string, string]
const cells = new Int32Array(new SharedArrayBuffer(8))
const store = await SqliteStore.open(file)
const runtime = new Runtime<typeof handlers, { inline: Payload }>(store, {
  handlers: new URL('./handlers.ts', import.meta.url),
  config: { ledger, cells },
  lanes: { default: { threads: 2 } },
})
runtime.register('flaky', { backoff: { delay: 5, jitter: 0 } })
runtime.register('inline', (job: Job<Payload>) => {
  write(ledger, 'start', job)
  write(ledger, 'end', job)
})

const tell = (...words: unknown[]): void => void process.stdout.write(`${words.join(' ')}\n`)
runtime.on('completed', ({ job }) => tell('completed', job.id))
runtime.on('dead', ({ job }) => tell('dead', job.id))
runtime.on('error', ({ error, during }) => tell('error', during, String(error)))

/** Enqueues until the end of the process; several submissions wait for their commit at a time. */
async function load(first: number): Promise<void> {
  let n = first
  const producer = async (): Promise<never> => {
    for (;;) {
      await room()
      n += 1
      const { kind, dedupeKey } = submission(n)
      const { id } = await runtime.enqueue(kind, { n }, { dedupeKey })
      tell('ack', n, id)
    }
  }
  await Promise.all([producer(), producer(), producer(), producer()])
}

/** The threads have to keep up, so that a kill finds jobs in every stage. */
async function room(): Promise<void> {
  for (;;) {
    const counts = Object.values(await runtime.counts())
    if (counts.reduce((sum, { queued }) => sum + queued, 0) < 50) return
    await new Promise<void>((resolve) => {
      const once = (): void => {
        runtime.off('completed', once)
        resolve()
      }
      runtime.on('completed', once)
    })
  }
}

function submission(n: number) {
  if (n % 3 === 0) return { kind: 'keyed', dedupeKey: `key-${n % 4}` } as const
  if (n % 7 === 0) return { kind: 'flaky', dedupeKey: null } as const
  return { kind: n % 11 === 0 ? 'inline' : 'plain', dedupeKey: null } as const
}

async function drain(): Promise<void> {
  const ended = new Promise<void>((resolve) => {
    const look = async (): Promise<void> => {
      const counts = Object.values(await runtime.counts())
      if (counts.every(({ queued, running }) => queued + running === 0)) resolve()
    }
    runtime.on('completed', () => void look())
    runtime.on('dead', () => void look())
    void look()
  })
  await ended
  tell('drained')
  await runtime.stop()
  await store.close()
}

void runtime.run()
process.on('message', ({ load: first }: { load?: number }) => {
  if (first === undefined) void drain().then(() => process.disconnect())
  else void load(first)
})
