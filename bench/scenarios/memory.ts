import { completions, produce, warmUp, withRuntime, type Params } from '../setup.ts'

/** Memory before and after many jobs: a million of them with the default of `--jobs`. */
export function memory(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const before = process.memoryUsage()
    const done = completions(runtime, params.jobs)
    await produce(runtime, params)
    await done
    const after = process.memoryUsage()
    return {
      'RSS at start MiB': before.rss / 2 ** 20,
      'RSS after MiB': after.rss / 2 ** 20,
      'heap at start MiB': before.heapUsed / 2 ** 20,
      'heap after MiB': after.heapUsed / 2 ** 20,
    }
  })
}
