import { setTimeout as sleep } from 'node:timers/promises'
import type { LaneOptions } from '../../../src/runtime/lane-options.ts'
import type { Enqueuer } from '../../../src/enqueuer.ts'
import type { Runtime } from '../../../src/runtime/runtime.ts'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { completions, withRuntime, type Params } from '../../setup.ts'
import { now } from '../../time.ts'
import type handlers from './handlers.ts'
import { OVERLAPS, type Cells } from './handlers.ts'

/** The same load with and without a disturbance, in one process, and what must hold of it. */
export interface Isolation {
  /** Begins the names of its figures. */
  name: string
  disturbance: string
  musts: Must[]
  load(params: Params, disturbed: boolean): Promise<Record<string, number>>
}

export interface Must {
  figure: string
  /** What must hold, in words. */
  text: string
  /** @param without the figure of the undisturbed load; NaN if it has none */
  holds: (disturbed: number, without: number) => boolean
}

export type IsolationRuntime = Runtime<typeof handlers>
/** A kind of the handlers beside this. */
export type Kind = Extract<keyof Awaited<ReturnType<(typeof handlers)['setup']>>['kinds'], string>

interface Bench {
  runtime: IsolationRuntime
  store: SqliteStore
  /** Runs that began before another one of the same job had ended. */
  overlaps: () => number
}

const CELLS = 100_000
/** Jobs at a time of those that warm up. */
const BURST = 20
/** Milliseconds of those that come first, as far as their kind can burn. */
const SLOW = 5

/** A runtime on a new file with the handlers beside this, for one load. */
export function isolated<T>(
  params: Params,
  lanes: Record<string, LaneOptions>,
  body: (bench: Bench) => Promise<T>,
): Promise<T> {
  const cells: Cells = new Int32Array(new SharedArrayBuffer(4 * CELLS))
  const overlaps = (): number => Atomics.load(cells, OVERLAPS)
  return withRuntime(
    params,
    async (runtime: IsolationRuntime, store) => {
      const result = await body({ runtime, store, overlaps })
      // The disturbance would go on for ever.
      await runtime.stop({ timeout: 0 })
      return result
    },
    {
      handlers: new URL('./handlers.js', import.meta.url),
      config: { cells },
      lanes: { default: { threads: params.threads }, ...lanes },
    },
  )
}

/** Runs so many jobs that all threads have loaded the handlers, and the code is compiled. */
export async function warmUp(
  runtime: IsolationRuntime,
  kind: Kind,
  payloadOf: (job: number) => object,
  jobs = 1_000,
): Promise<void> {
  // The payload is the kind's, as the caller knows.
  const enqueuer: Enqueuer = runtime
  // Several at a time, and the first ones slow, or one thread would do them all.
  for (let done = 0; done < jobs; done += BURST) {
    const warm = completions(runtime, BURST)
    const burst = Array.from({ length: BURST }, (_, job) => {
      const slow = done === 0 ? { burn: SLOW } : {}
      return enqueuer.enqueue(kind, { ...payloadOf(done + job), ...slow })
    })
    await Promise.all([...burst, warm])
  }
}

/** Resolves when something holds; it is looked at often. */
export async function until(holds: () => boolean, what: string, seconds = 30): Promise<void> {
  const end = now() + seconds * 1_000
  while (!holds()) {
    if (now() > end) throw new Error(`${what}: expected within ${seconds} s, and it was not`)
    await sleep(5)
  }
}

/** Counts how often jobs for which `concerns` holds failed or were charged for another's doing. */
export function countCharges(
  runtime: IsolationRuntime,
  concerns: (kind: string) => boolean,
): () => number {
  let charges = 0
  const count = ({ job: { kind } }: { job: { kind: string } }): void => {
    if (concerns(kind)) charges += 1
  }
  runtime.on('retrying', count).on('dead', count).on('lost', count)
  runtime.on('completed', ({ job }) => job.attempt > 1 && count({ job }))
  return () => charges
}
