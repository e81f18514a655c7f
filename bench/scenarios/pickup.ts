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

async function pickupOf(runtime: BenchRuntime): Promise<number> {
  const called = performance.timeOrigin + performance.now()
  const started = new Promise<number>((resolve) => {
    runtime.on('completed', function onCompleted({ result }) {
      runtime.off('completed', onCompleted)
      resolve(result as number)
    })
  })
  await runtime.enqueue('stamp')
  return (await started) - called
}
