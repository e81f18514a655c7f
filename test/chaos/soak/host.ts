import { join } from 'node:path'
import { pino } from 'pino'
import { Runtime, SqliteStore, type JobState } from '../../../src/index.ts'
import { disturb } from './disturbances.ts'
import { POLICIES, type LoadedRuntime } from './load.ts'
import { produce } from './producer.ts'
import { tell, type End } from './report.ts'
import { sample } from './sampler.ts'
import { Tally } from './tally.ts'

// The tests of this folder start this module, as built: a host under a mixed load, which reports
// samples of itself, and then ends in order.

/** Seconds at the end without disturbances, so that the traces of the disturbances can pass. */
const CALM = 5

const [folder, ...numbers] = process.argv.slice(2) as [string, string, string]
const [seed, seconds] = numbers.map(Number) as [number, number]
const store = await SqliteStore.open(join(folder, 'queue.db'))
const runtime: LoadedRuntime = new Runtime(store, {
  handlers: new URL('./handlers.ts', import.meta.url),
  config: { folder },
  lanes: { default: { threads: 2 }, io: { threads: 1, concurrency: 32 } },
  // The log lines are made as for a real log, and dropped.
  logger: pino({ level: 'info' }, { write: () => undefined }),
})
for (const [kind, policy] of Object.entries(POLICIES)) {
  runtime.register(kind as keyof typeof POLICIES, policy)
}
runtime.register('inline', ({ payload }) => Promise.resolve(payload.text.length))
const tally = new Tally(runtime)

async function rows(): Promise<Record<JobState, number>> {
  const sum = { queued: 0, running: 0, dead: 0 }
  for (const { queued, running, dead } of Object.values(await runtime.counts())) {
    sum.queued += queued
    sum.running += running
    sum.dead += dead
  }
  return sum
}

async function load(): Promise<Record<string, number>> {
  const loaded = AbortSignal.timeout(seconds * 1_000)
  const disturbed = AbortSignal.timeout((seconds - CALM) * 1_000)
  const running = runtime.run()
  const [disturbances] = await Promise.all([
    disturb({ folder, store, runtime, counted: tally.counted }, seed, disturbed),
    produce(runtime, tally.counted, seed, loaded),
    sample(store.file, tally, loaded),
  ])
  await runtime.stop()
  await running
  return disturbances
}

const disturbances = await load()
const { user, system } = process.cpuUsage()
const end: End = {
  counted: tally.counted,
  disturbances,
  rows: await rows(),
  check: await store.check(),
  unexpected: tally.unexpected,
  cpuSeconds: (user + system) / 1e6,
  seconds: process.uptime(),
}
await store.close()
tell({ end })
