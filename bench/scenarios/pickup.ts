import { setTimeout as sleep } from 'node:timers/promises'
import { warmUp, withRuntime, type BenchRuntime, type Params } from '../setup.ts'
import { percentiles } from '../statistics.ts'
import { now } from '../time.ts'

const SAMPLES = 300

/** Time from the call of `enqueue` to the start of the handler in its thread, on an idle queue. */
export function pickup(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    return percentiles('pickup', await sample(runtime))
  })
}

/** As {@link pickup}, with threads about half busy: jobs of 1 ms, one a thread every 4 ms. */
export function pickupUnderLoad(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const load = setInterval(() => {
      for (let i = 0; i < params.threads; i++) void runtime.enqueue('burn', { ms: 1 })
    }, 4)
    const waits = await sample(runtime)
    clearInterval(load)
    return percentiles('half load', waits)
  })
}

/** Waits between the samples, so that an idle queue has its timers and watchers asleep. */
async function sample(runtime: BenchRuntime): Promise<number[]> {
  const waits: number[] = []
  for (let i = 0; i < SAMPLES; i++) {
    await sleep(3)
    waits.push(await pickupOf(runtime))
  }
  return waits
}

async function pickupOf(runtime: BenchRuntime): Promise<number> {
  const called = now()
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
