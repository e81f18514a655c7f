import { setTimeout as sleep } from 'node:timers/promises'
import type { LaneOptions } from '../../../src/runtime/lane-options.ts'
import type { Enqueuer } from '../../../src/store-enqueuer.ts'
import type { Runtime } from '../../../src/runtime/runtime.ts'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { completions, withRuntime, type Params } from '../../setup.ts'
import { now } from '../../time.ts'
import type handlers from './handlers.ts'
import { OVERLAPS, type Cells } from './handlers.ts'

/** What figures must meet. */
export interface Requirements {
  /** The names of the figures begin with this name. */
  name: string
  disturbance: string
  musts: Must[]
}

/** A load that one process runs without and with a disturbance. */
export interface Isolation extends Requirements {
  load(params: Params, disturbed: boolean): Promise<Record<string, number>>
}

export interface Must {
  figure: string
  /** The requirement in words. */
  text: string
  /** @param without the figure of the undisturbed load; NaN if it has none */
  holds: (disturbed: number, without: number) => boolean
}

export type IsolationRuntime = Runtime<typeof handlers>
/** A kind of `handlers.ts`. */
export type Kind = Extract<keyof Awaited<ReturnType<(typeof handlers)['setup']>>['kinds'], string>

interface Bench {
  runtime: IsolationRuntime
  store: SqliteStore
  /** The number of runs that began before another run of the same job had ended. */
  overlaps: () => number
}

const CELLS = 100_000
/** The warm-up enqueues so many jobs at a time. */
const BURST = 20
/** Milliseconds that each job of the first burst burns, if its kind heeds `burn`. */
const SLOW = 5

/** Runs one load on a runtime with a new file and the handlers of `handlers.ts`. */
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
      // A disturbance may never end by itself.
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
  // The caller passes payloads that fit the kind; the types cannot express this.
  const enqueuer: Enqueuer = runtime
  // Jobs come in bursts, and those of the first burst are slow: one thread would run all otherwise.
  for (let done = 0; done < jobs; done += BURST) {
    const warm = completions(runtime, BURST)
    const burst = Array.from({ length: BURST }, (_, job) => {
      const slow = done === 0 ? { burn: SLOW } : {}
      return enqueuer.enqueue(kind, { ...payloadOf(done + job), ...slow })
    })
    await Promise.all([...burst, warm])
  }
}

/** Calls `holds` every 5 ms, and resolves when it returns true. */
export async function until(holds: () => boolean, what: string, seconds = 30): Promise<void> {
  const end = now() + seconds * 1_000
  while (!holds()) {
    if (now() > end) throw new Error(`${what}: expected within ${seconds} s, and it was not`)
    await sleep(5)
  }
}

/** Counts how often jobs of certain kinds failed or were charged for another job's doing. */
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
