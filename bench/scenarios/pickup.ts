import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../statistics.ts'
import { warmUp, withRuntime, type BenchRuntime, type Params } from '../setup.ts'

const SAMPLES = 300

/** From the call of `enqueue` to the start of the handler in its thread, on an idle queue. */
export function pickup(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const waits: number[] = []
    for (let i = 0; i < SAMPLES; i++) {
      // The queue has to be idle, and its timers and watchers asleep.
      await sleep(3)
      waits.push(await pickupOf(runtime))
    }
    return { 'pickup p50 ms': quantile(waits, 0.5), 'pickup p99 ms': quantile(waits, 0.99) }
  })
}

/** The same, with the threads about half busy: jobs of 1 ms, one for each thread every 4 ms. */
export function pickupUnderLoad(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const load = setInterval(() => {
      for (let i = 0; i < params.threads; i++) void runtime.enqueue('burn', { ms: 1 })
    }, 4)
    const waits: number[] = []
    for (let i = 0; i < SAMPLES; i++) {
      await sleep(3)
      waits.push(await pickupOf(runtime))
    }
    clearInterval(load)
    return { 'half load p50 ms': quantile(waits, 0.5), 'half load p99 ms': quantile(waits, 0.99) }
  })
}

async function pickupOf(runtime: BenchRuntime): Promise<number> {
  const called = performance.timeOrigin + performance.now()
  const started = new Promise<number>((resolve) => {
    runtime.on('completed', function onCompleted({ job, result }) {
      if (job.kind !== 'stamp') return
      runtime.off('completed', onCompleted)
      resolve(result as number)
    })
  })
  await runtime.enqueue('stamp')
  return (await started) - called
}
