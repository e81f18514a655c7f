import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { HelveError, Runtime, SqliteStore, type EnqueueResult } from '../../../src/index.ts'
import { runDelay } from '../../support/run-delay.ts'
import { Random } from '../../support/random.ts'
import type handlers from './handlers.ts'
import { say } from './ledger.ts'
import { GRACE, LOADS, submissions, TIMEOUT, type Kind } from './loads.ts'

// The tests of this folder start this module, as built: a host under load that ends as the README
// tells hosts to. The host prints `up` when it can be told to end, `busy` when a run has started
// that will not end by itself, and `stopping` when it begins to stop.

/** The most jobs that wait at a time, and the jobs that are submitted together. */
const ROOM = 500
const BATCH = 50

type Result = EnqueueResult | HelveError

const [folder, name, seed] = process.argv.slice(2) as [string, string, string]
const tell = (word: string): void => void process.stdout.write(`${word}\n`)
const store = await SqliteStore.open(join(folder, 'queue.db'))
const runtime = new Runtime<typeof handlers, { inline: object }>(store, {
  handlers: new URL('./handlers.ts', import.meta.url),
  config: { folder },
  lanes: { default: { threads: 3 }, io: { threads: 1, concurrency: 32 } },
})
const kinds: Kind[] = ['short', 'waiting', 'deaf', 'looping', 'parent', 'deafParent']
for (const kind of kinds) runtime.register(kind, { grace: GRACE })
for (const kind of ['wide', 'wideShort', 'wideDeaf'] as const) {
  runtime.register(kind, { grace: GRACE, lane: 'io' })
}
const backoff = { delay: 5, jitter: 0 }
runtime.register('flaky', { grace: GRACE, backoff, maxAttempts: 1_000 })
runtime.register('inline', ({ id }) => say(folder, 'end', id), { grace: GRACE })
runtime.on('started', ({ job }) => {
  if (/deaf|looping|parent|wideDeaf/i.test(job.kind)) tell('busy')
})
runtime.on('error', ({ error, during }) => {
  const isExpected = error instanceof HelveError && error.code === 'HELVE_ERR_STORE_BUSY'
  if (!isExpected) say(folder, 'error', during, String(error))
})

async function shutDown(): Promise<void> {
  const before = runDelay()
  process.once('exit', () => say(folder, 'waited', Math.round(runDelay() - before)))
  tell('stopping')
  await runtime.stop({ timeout: TIMEOUT })
  await store.close()
}

/** Enqueues jobs, also after the signal, until they are refused. */
async function produce(): Promise<void> {
  const next = submissions(LOADS[name]!, new Random(Number(seed)))
  for (;;) {
    await room()
    const batch = Array.from({ length: BATCH }, () => ({ kind: next.next().value as Kind }))
    await runtime.enqueueMany(batch).then(acknowledged, (error: unknown) => {
      acknowledged((error as { results?: Result[] }).results ?? [])
      throw error
    })
  }
}

function acknowledged(results: Result[]): void {
  for (const result of results) if ('id' in result) say(folder, 'ack', result.id)
}

async function room(): Promise<void> {
  for (;;) {
    const counts = Object.values(await runtime.counts())
    if (counts.reduce((sum, { queued }) => sum + queued, 0) < ROOM) return
    await sleep(5)
  }
}

// A second signal finds no listener, and ends the process at once.
process.once('SIGTERM', () => void shutDown())
tell('up')
void runtime.run()
await produce().catch((error: unknown) => {
  if (!(error instanceof HelveError && error.code === 'HELVE_ERR_CLOSED')) throw error
})
