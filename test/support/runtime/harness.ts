import { join } from 'node:path'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import {
  Runtime,
  SqliteStore,
  type RuntimeEvents,
  type RuntimeOptions,
} from '../../../src/index.ts'
import { LOOPBACK_HOOKS } from '../store.ts'
import { Waiting } from '../waiting.ts'
import { built, BUILT_ENTRY } from '../built.ts'
import type handlers from './handlers.ts'
import type { Cells } from './handlers.ts'

type Name = keyof RuntimeEvents
/** Kinds that tests register as functions. */
export type Inline = Record<`inline:${string}`, unknown>

export interface HarnessOptions extends RuntimeOptions {
  threads?: number
  /** The option `broken` of the handlers' config. */
  broken?: boolean
  /** The rest of the handlers' config, by reference. @default {} */
  handlersConfig?: Record<string, unknown>
  /** The file of another harness. */
  file?: string
}

/** A runtime with threads on a file of its own, and the events that the runtime tells. */
export class Harness {
  readonly runtime: Runtime<typeof handlers, Inline>
  readonly store: SqliteStore
  readonly cells: Cells
  readonly events: { name: Name; data: RuntimeEvents[Name] }[] = []
  readonly #waiting = new Waiting(() => JSON.stringify(this.events.slice(-5)))
  readonly #folder: string
  readonly #abort = new AbortController()
  #running: Promise<void> | undefined

  private constructor(
    store: SqliteStore,
    folder: string,
    { threads = 1, broken = false, handlersConfig = {}, file: _, ...options }: HarnessOptions,
  ) {
    this.store = store
    this.#folder = folder
    this.cells = new Int32Array(new SharedArrayBuffer(4 * 500))
    // Some tests have handlers, and a config, of their own.
    this.runtime = new Runtime<unknown>(store, {
      handlers: built(new URL('./handlers.ts', import.meta.url)),
      threadEntry: BUILT_ENTRY,
      config: Object.assign(handlersConfig, { cells: this.cells, broken }),
      // Nothing in these tests may wait for the poll.
      idle: 60_000,
      lanes: { default: { threads } },
      logger: false,
      ...options,
    })
    this.runtime.onAny((name, data) => {
      this.events.push({ name, data })
      this.#waiting.look()
    })
  }

  static async open(options: HarnessOptions = {}): Promise<Harness> {
    const folder = await mkdtemp(join(tmpdir(), 'helve-'))
    const store = await SqliteStore.open(options.file ?? join(folder, 'queue.db'), {
      webhooks: LOOPBACK_HOOKS,
    })
    return new Harness(store, folder, options)
  }

  async close(): Promise<void> {
    await this.runtime.stop({ timeout: 0 })
    await this.#running
    await this.store.close()
    await rm(this.#folder, { recursive: true })
  }

  /** Begins to run, and goes on until {@link abort}. */
  run(): Promise<void> {
    this.#running = this.runtime.run({ signal: this.#abort.signal })
    return this.#running
  }

  abort(): void {
    this.#abort.abort()
  }

  until(holds: () => boolean, name: string): Promise<void> {
    return this.#waiting.until(holds, name)
  }

  /** The events of one name, of one job if an id is given. */
  told<E extends Name>(name: E, id?: number): RuntimeEvents[E][] {
    const data = this.events.filter((event) => event.name === name).map((event) => event.data)
    return data.filter((one) => id === undefined || idOf(one) === id) as RuntimeEvents[E][]
  }

  /** The first such event, or the `nth`; it may have happened already. */
  async event<E extends Name>(name: E, id?: number, nth = 1): Promise<RuntimeEvents[E]> {
    await this.until(
      () => this.told(name, id).length >= nth,
      `${nth} ${name} of ${id ?? 'any job'}`,
    )
    return this.told(name, id)[nth - 1]!
  }

  /** Waits until every job has completed or is dead. */
  async drained(): Promise<void> {
    for (;;) {
      const seen = this.events.length
      const counts = Object.values(await this.runtime.counts())
      if (counts.every(({ queued, running }) => queued + running === 0)) return
      await this.until(() => this.events.length > seen, 'the next event')
    }
  }

  release(cell: number): void {
    Atomics.store(this.cells, cell, 1)
    Atomics.notify(this.cells, cell)
  }

  /** Starts a job that runs until its cell is released, and waits until it runs. */
  async hold(cell: number): Promise<number> {
    const { id } = await this.runtime.enqueue('hold', { cell })
    await this.event('progress', id)
    return id
  }
}

function idOf(data: RuntimeEvents[Name]): number | undefined {
  if ('job' in data) return data.job?.id
  return 'id' in data ? data.id : undefined
}

/** A harness that is closed after the test. */
export async function openHarness(
  t: { after: (close: () => Promise<void>) => void },
  options?: HarnessOptions,
): Promise<Harness> {
  const harness = await Harness.open(options)
  t.after(() => harness.close())
  return harness
}
