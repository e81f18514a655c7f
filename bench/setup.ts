import { join } from 'node:path'
import { Runtime } from '../src/runtime/runtime.ts'
import { SqliteStore } from '../src/store/sqlite/sqlite-store.ts'
import type { RuntimeOptions } from '../src/runtime/options.ts'
import { withFolder } from './folder.ts'
import type handlers from './handlers.ts'
import { keepInFlight, payloadOf } from './load.ts'

/** The parameters of a trial. */
export interface Params {
  jobs: number
  durability: 'power' | 'process'
  /** Bytes of each payload's JSON, roughly. */
  payload: number
  threads: number
  /** Seconds that a load of `isolation` lasts, without its disturbance and again with it. */
  seconds: number
}

export type BenchRuntime = Runtime<typeof handlers>

/** A store on a new file, which is removed afterwards. */
export function withStore<T>(
  { durability }: Pick<Params, 'durability'>,
  body: (store: SqliteStore) => Promise<T>,
): Promise<T> {
  return withFolder(async (folder) => {
    const store = await SqliteStore.open(join(folder, 'queue.db'), {
      durability,
      webhooks: { allow: ['loopback'] },
    })
    try {
      return await body(store)
    } finally {
      await store.close()
    }
  })
}

/** A runtime on a new file, which is removed afterwards. */
export function withRuntime<T, M = typeof handlers>(
  params: Params,
  body: (runtime: Runtime<M>, store: SqliteStore) => Promise<T>,
  options: RuntimeOptions = {},
): Promise<T> {
  return withStore(params, async (store) => {
    const runtime = new Runtime<unknown>(store, {
      handlers: new URL('./handlers.js', import.meta.url),
      lanes: { default: { threads: params.threads } },
      ...options,
    }) as Runtime<M>
    try {
      return await body(runtime, store)
    } finally {
      await runtime.stop()
    }
  })
}

/** Enqueues `jobs` no-ops with 1,000 calls in flight, each awaited. */
export function produce(runtime: BenchRuntime, params: Params): Promise<void> {
  const payload = payloadOf(params)
  return keepInFlight(params.jobs, () => runtime.enqueue('noop', payload))
}

/** Resolves once `jobs` more jobs have completed. */
export function completions<M>(runtime: Runtime<M>, jobs: number): Promise<void> {
  return new Promise((resolve) => {
    let left = jobs
    const onCompleted = (): void => {
      left -= 1
      if (left > 0) return
      runtime.off('completed', onCompleted)
      resolve()
    }
    runtime.on('completed', onCompleted)
  })
}

/** Runs jobs until the threads have loaded the handlers, and the code on the way is compiled. */
export async function warmUp(runtime: BenchRuntime, params: Params): Promise<void> {
  void runtime.run()
  const jobs = 20_000
  const warm = completions(runtime, jobs)
  await produce(runtime, { ...params, jobs })
  await warm
}
