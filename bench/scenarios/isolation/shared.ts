import { setTimeout as sleep } from 'node:timers/promises'
import type { LaneOptions } from '../../../src/runtime/lane-options.ts'
import type { Enqueuer } from '../../../src/enqueuer.ts'
import type { Runtime } from '../../../src/runtime/runtime.ts'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { quantile } from '../../statistics.ts'
import { completions, withRuntime, type Params } from '../../setup.ts'
import type handlers from './handlers.ts'
import { now, OVERLAPS, type Cells } from './handlers.ts'

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
type Kind = Extract<keyof Awaited<ReturnType<(typeof handlers)['setup']>>['kinds'], string>

interface Bench {
  runtime: IsolationRuntime
  store: SqliteStore
  /** Runs that began before another one of the same job had ended. */
  overlaps: () => number
}

/** Milliseconds that what is still under way at the end of a load gets. */
const PATIENCE = 5_000
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

/** Calls `act` so often in a second, for so many seconds. */
export async function steadily(
  seconds: number,
  perSecond: number,
  act: (call: number) => unknown,
): Promise<void> {
  const start = performance.now()
  for (let call = 0; call < seconds * perSecond; call++) {
    const ahead = start + (call / perSecond) * 1_000 - performance.now()
    if (ahead > 0) await sleep(ahead)
    void act(call)
  }
}

/** When `enqueue` was called, and how long it took from there, in ms. */
interface Wait {
  called: number
  ms: number
}

/** Submits jobs of a kind, and tells how long each of them waits for something. */
export class Probe {
  readonly waits: Wait[] = []
  readonly #enqueuer: Enqueuer
  readonly #kind: Kind
  readonly #called = new Map<number, number>()
  readonly #waiting = new Map<number, (ms: number) => void>()
  #submitting = 0

  /** @param until gives the moment that is waited for from a job's result */
  constructor(runtime: IsolationRuntime, kind: Kind, until: (result: unknown) => number) {
    this.#enqueuer = runtime
    this.#kind = kind
    runtime.on('completed', ({ job: { id }, result }) => {
      const called = this.#called.get(id)
      if (called === undefined) return
      this.#called.delete(id)
      const ms = until(result) - called
      this.waits.push({ called, ms })
      this.#waiting.get(id)?.(ms)
      this.#waiting.delete(id)
    })
  }

  async submit(payload: object): Promise<number> {
    this.#submitting += 1
    const called = now()
    const { id } = await this.#enqueuer.enqueue(this.#kind, payload)
    this.#submitting -= 1
    this.#called.set(id, called)
    return id
  }

  /** Submits one, and waits for it. */
  async once(payload: object): Promise<number> {
    const id = await this.submit(payload)
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** All that it has submitted has completed; what does not in some seconds waits until then. */
  async ended(): Promise<void> {
    const end = now() + PATIENCE
    while (this.#submitting + this.#called.size > 0 && now() < end) await sleep(10)
    for (const called of this.#called.values()) this.waits.push({ called, ms: now() - called })
    this.#called.clear()
  }

  p99(of: (wait: Wait) => boolean = () => true): number {
    const waits = this.waits.filter(of).map(({ ms }) => ms)
    return quantile(waits, 0.99)
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
