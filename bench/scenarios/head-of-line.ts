import { warmUp, withRuntime, type BenchRuntime, type Params } from '../setup.ts'
import { percentiles } from '../statistics.ts'
import { now, steadily } from '../time.ts'

const SECONDS = 5
const PER_SECOND = 400
const BURN = 50

/** How long jobs wait for their start while one job in a hundred burns 50 ms of CPU. */
export function headOfLine(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const burn = (): Promise<unknown> => runtime.enqueue('burn', { ms: BURN })
    return percentiles('beside slow kind', await stream(runtime, burn))
  })
}

/** As {@link headOfLine}, but the slow jobs are of a kind that has been measured to be short. */
export function turnedSlow(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const burn = (): Promise<unknown> => runtime.enqueue('stamp', { burn: BURN })
    return percentiles('beside turned slow', await stream(runtime, burn))
  })
}

/** Submits short jobs at a steady rate, whatever becomes of them. Every 100th call is `burn`. */
async function stream(runtime: BenchRuntime, burn: () => Promise<unknown>): Promise<number[]> {
  const called = new Map<number, number>()
  const waits: number[] = []
  runtime.on('completed', ({ job, result }) => {
    const since = called.get(job.id)
    if (since !== undefined) waits.push((result as number) - since)
  })
  await steadily(SECONDS, PER_SECOND, (call) => {
    return call % 100 === 99 ? burn() : submit(runtime, called)
  })
  await runtime.stop()
  return waits
}

async function submit(runtime: BenchRuntime, called: Map<number, number>): Promise<void> {
  const since = now()
  const { id } = await runtime.enqueue('stamp')
  called.set(id, since)
}
