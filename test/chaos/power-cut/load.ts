import { join } from 'node:path'
import { Runtime, SqliteStore, StoreEnqueuer, type Enqueuer } from '../../../src/index.ts'
import type handlers from './handlers.ts'
import { LEDGER, Voice } from './ledger.ts'
import { submission } from './submissions.ts'

// The tests of this folder start this module: a process with a runtime and one thread, which
// enqueues until it is killed. It says that a submission is acknowledged only after that.

/** Jobs that may wait at a time: a cut finds jobs in every stage. */
const ROOM = 40
const BATCH = 5

const [folder, durability, first] = process.argv.slice(2) as [string, 'power' | 'process', string]
const file = join(folder, 'queue.db')
const ledger = join(folder, LEDGER)
const voice = new Voice(ledger)
const runtime = new Runtime<typeof handlers>(await SqliteStore.open(file, { durability }), {
  handlers: new URL('./handlers.ts', import.meta.url),
  config: { ledger },
  lanes: { default: { threads: 1 } },
})
// A connection beside the runtime's, as a git hook has one.
const enqueuer = new StoreEnqueuer(await SqliteStore.open(file, { durability }))
runtime.on('error', ({ error, during }) => voice.say('error', during, String(error)))

let last = Number(first)
const next = (): number => (last += 1)

async function one(): Promise<void> {
  for (;;) {
    await room()
    const n = next()
    const { kind, payload, options } = submission(n)
    // Submissions with a key all go one way, so that they fold in the order of their numbers.
    const other = kind !== 'keyed' && n % 4 === 1
    const producer: Enqueuer = other ? enqueuer : runtime
    const { id } = await producer.enqueue(kind, payload, options)
    voice.say('ack', n, id)
  }
}

async function many(): Promise<void> {
  for (;;) {
    await room()
    const numbers = Array.from({ length: BATCH }, next)
    const results = await runtime.enqueueMany(
      numbers.map(submission).map(({ kind, payload, options }) => ({ kind, payload, ...options })),
    )
    results.forEach(({ id }, i) => voice.say('ack', numbers[i], id))
  }
}

async function room(): Promise<void> {
  for (;;) {
    const { later: _, ...counts } = await runtime.counts()
    const waiting = Object.values(counts).reduce((sum, { queued }) => sum + queued, 0)
    if (waiting < ROOM) return
    await new Promise<void>((resolve) => {
      const once = (): void => {
        runtime.off('completed', once)
        resolve()
      }
      runtime.on('completed', once)
    })
  }
}

await Promise.all([runtime.run(), one(), one(), one(), many()])
