import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import type { SqliteStore } from '../../../src/index.ts'
import { Random } from '../../support/random.ts'
import type { LoadedRuntime } from './load.ts'
import type { Counted } from './report.ts'
import { pause } from './ticks.ts'

/** The host that is disturbed. */
export interface Disturbed {
  folder: string
  store: SqliteStore
  runtime: LoadedRuntime
  counted: Counted
}

interface Disturbance {
  /** Seconds between two disturbances, on average. */
  every: number
  happen(host: Disturbed, random: Random, signal: AbortSignal): Promise<void>
}

/** Milliseconds that a dead job is kept. */
const KEPT = 10_000

/** What happens to a queue in use. */
const DISTURBANCES: Record<string, Disturbance> = {
  'readers of 1 s': { every: 8, happen: ({ store }, _, signal) => read(store.file, 1_000, signal) },
  // The log grows beyond what commits move into the file by themselves.
  'readers of 12 s': {
    every: 30,
    happen: ({ store }, _, signal) => read(store.file, 12_000, signal),
  },
  backups: {
    every: 20,
    async happen({ folder, store }) {
      const file = join(folder, 'backup.db')
      await store.backup(file)
      await rm(file)
    },
  },
  resizes: {
    every: 12,
    async happen({ runtime }, random, signal) {
      runtime.setWorkers(random.pick([1, 3]))
      await pause(2_000, signal)
      runtime.setWorkers(2)
    },
  },
  pauses: {
    every: 8,
    async happen({ runtime }, random, signal) {
      const target = { kind: random.pick(['keyed', 'slow', 'inline']) }
      await runtime.pause(target, { by: 'a test' })
      await pause(1_000, signal)
      await runtime.resume(target)
    },
  },
  cancels: {
    every: 1,
    async happen({ runtime }, random) {
      const { jobs } = await runtime.list({ kind: 'slow', limit: 10 })
      const job = random.take(jobs)
      if (job !== undefined) await runtime.cancel(job.id)
    },
  },
  'dead jobs tended': {
    every: 1,
    async happen({ runtime, counted }, random) {
      const { jobs } = await runtime.list({ state: 'dead', kind: 'flaky', limit: 10 })
      const job = random.take(jobs)
      if (job === undefined) return
      await runtime.explain(job.id)
      const revives = random.chance(0.5)
      const isDone = await (revives ? runtime.retry(job.id) : runtime.discard(job.id))
      counted[revives ? 'revived' : 'removed'] += Number(isDone)
    },
  },
  prunings: {
    every: 4,
    async happen({ runtime, counted }) {
      counted.removed += await runtime.pruneDead(Date.now() - KEPT)
    },
  },
}

/** Lets disturbances happen until `signal` aborts; resolves to how often each has happened. */
export async function disturb(
  host: Disturbed,
  seed: number,
  signal: AbortSignal,
): Promise<Record<string, number>> {
  const all = Object.entries(DISTURBANCES).map(async ([name, disturbance], i) => {
    const random = new Random(seed + 1 + i)
    return [name, await repeat(disturbance, host, random, signal)] as const
  })
  return Object.fromEntries(await Promise.all(all))
}

async function repeat(
  { every, happen }: Disturbance,
  host: Disturbed,
  random: Random,
  signal: AbortSignal,
): Promise<number> {
  // A disturbance happens once at the beginning, however short the load is.
  for (let times = 1; ; times += 1) {
    await happen(host, random, signal)
    if (!(await pause(every * (500 + random.below(1_000)), signal))) return times
  }
}

/** Reads as another process would: while the transaction is open, the log can only grow. */
async function read(file: string, ms: number, signal: AbortSignal): Promise<void> {
  const connection = new Database(file, { readonly: true })
  try {
    connection.exec('BEGIN')
    connection.prepare('SELECT count(*) FROM helve_jobs').get()
    await pause(ms, signal)
    connection.exec('COMMIT')
  } finally {
    connection.close()
  }
}
