import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Runtime } from '../src/runtime/runtime.ts'
import { SqliteStore } from '../src/store/sqlite/sqlite-store.ts'
import type { RuntimeOptions } from '../src/runtime/options.ts'
import type handlers from './handlers.ts'

/** What a trial is run with. */
export interface Params {
  jobs: number
  durability: 'power' | 'process'
  /** Bytes of each payload's JSON, roughly. */
  payload: number
  threads: number
  /** Length of the loads of `isolation`, each without and with its disturbance. */
  seconds: number
}

/** Submissions that a producer has under way at a time. */
const IN_FLIGHT = 1_000

export type BenchRuntime = Runtime<typeof handlers>

/** A runtime on a new file, which is removed afterwards. */
export async function withRuntime<T, M = typeof handlers>(
  params: Params,
  body: (runtime: Runtime<M>, store: SqliteStore) => Promise<T>,
  options: RuntimeOptions = {},
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  const store = await SqliteStore.open(join(folder, 'queue.db'), { durability: params.durability })
  const runtime = new Runtime<unknown>(store, {
    handlers: new URL('./handlers.js', import.meta.url),
    lanes: { default: { threads: params.threads } },
    ...options,
  }) as Runtime<M>
  try {
    return await body(runtime, store)
  } finally {
    await runtime.stop()
    await store.close()
    rmSync(folder, { recursive: true })
  }
}

export function payloadOf({ payload }: Params): { text: string } {
  return { text: 'x'.repeat(Math.max(0, payload - '{"text":""}'.length)) }
}

/** Enqueues `jobs` no-ops, 1,000 in flight, each of them awaited. */
export async function produce(runtime: BenchRuntime, params: Params): Promise<void> {
  const payload = payloadOf(params)
  let left = params.jobs
  const producer = async (): Promise<void> => {
    while (left-- > 0) await runtime.enqueue('noop', payload)
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, producer))
}

/** Resolves once so many jobs have completed. */
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

/** Jobs a second. */
export async function rate(jobs: number, work: () => Promise<void> | void): Promise<number> {
  const start = performance.now()
  await work()
  return (jobs / (performance.now() - start)) * 1_000
}

/** The threads are up and have loaded the handlers, and the code on the way is compiled. */
export async function warmUp(runtime: BenchRuntime, params: Params): Promise<void> {
  void runtime.run()
  const jobs = 20_000
  const warm = completions(runtime, jobs)
  await produce(runtime, { ...params, jobs })
  await warm
}
