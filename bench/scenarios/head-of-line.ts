import { setTimeout as sleep } from 'node:timers/promises'
import { quantile } from '../statistics.ts'
import { warmUp, withRuntime, type BenchRuntime, type Params } from '../setup.ts'

const SECONDS = 5
const PER_SECOND = 400
const BURN = 50

/** One job in a hundred burns 50 ms of CPU: how long do the others wait for their start? */
export function headOfLine(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const burn = (): Promise<unknown> => runtime.enqueue('burn', { ms: BURN })
    const waits = await stream(runtime, burn)
    return named('beside slow kind', waits)
  })
}

/** The same, but the slow ones are of the kind that had been measured to be short. */
export function turnedSlow(params: Params): Promise<Record<string, number>> {
  return withRuntime(params, async (runtime) => {
    await warmUp(runtime, params)
    const burn = (): Promise<unknown> => runtime.enqueue('stamp', { burn: BURN })
    return named('beside turned slow', await stream(runtime, burn))
  })
}

/** Short jobs at a steady rate, whatever becomes of them; every hundredth call is `burn`. */
async function stream(runtime: BenchRuntime, burn: () => Promise<unknown>): Promise<number[]> {
  const called = new Map<number, number>()
  const waits: number[] = []
  runtime.on('completed', ({ job, result }) => {
    const since = called.get(job.id)
    if (since !== undefined) waits.push((result as number) - since)
  })
  const start = performance.now()
  for (let sent = 0; sent < SECONDS * PER_SECOND; sent++) {
    const ahead = start + (sent / PER_SECOND) * 1_000 - performance.now()
    if (ahead > 0) await sleep(ahead)
    if (sent % 100 === 99) void burn()
    else void submit(runtime, called)
  }
  await runtime.stop()
  return waits
}

async function submit(runtime: BenchRuntime, called: Map<number, number>): Promise<void> {
  const now = performance.timeOrigin + performance.now()
  const { id } = await runtime.enqueue('stamp')
  called.set(id, now)
}

function named(what: string, waits: number[]): Record<string, number> {
  return {
    [`${what} p50 ms`]: quantile(waits, 0.5),
    [`${what} p99 ms`]: quantile(waits, 0.99),
  }
}
