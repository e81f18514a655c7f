import { countCharges, isolated, steadily, warmUp } from './shared.ts'
import type { Isolation, IsolationRuntime } from './shared.ts'

const DEATHS = ['exit', 'crash', 'eat'] as const
/** Deaths of threads in a second; a job dies three times. */
const PER_SECOND = 10
const DEATHS_OF_A_JOB = 3
/** MiB of a thread's heap, so that running out of it takes no longer than other deaths. */
const MEMORY = 32
/** The others: so many at a time, each of so many milliseconds. */
const AT_A_TIME = 16
const BURN = 2

export const dyingThreads: Isolation = {
  name: 'dying threads',
  disturbance: 'handlers that exit, crash or run out of memory, ten a second',
  musts: [
    { figure: 'others charged', text: 'none', holds: (jobs) => jobs === 0 },
    {
      figure: 'others a second',
      text: 'at least 0.8 × without',
      holds: (rate, without) => rate >= without * 0.8,
    },
    { figure: 'overlapping runs', text: 'none', holds: (runs) => runs === 0 },
  ],
  load: (params, disturbed) =>
    isolated(
      params,
      { default: { threads: params.threads, memory: MEMORY } },
      async ({ runtime, overlaps }) => {
        void runtime.run()
        await warmUp(runtime, 'stamp', { burn: BURN })
        const charges = countCharges(runtime, (kind) => kind === 'stamp')
        let deaths = 0
        runtime.on('thread:down', () => (deaths += 1))
        const perSecond = disturbed ? PER_SECOND / DEATHS_OF_A_JOB : 0
        const [done] = await Promise.all([
          others(runtime, params.seconds),
          steadily(params.seconds, perSecond, (call) => {
            return runtime.enqueue(DEATHS[call % DEATHS.length]!)
          }),
        ])
        return {
          'others a second': done / params.seconds,
          'others charged': charges(),
          'overlapping runs': overlaps(),
          ...(disturbed ? { 'deaths a second': deaths / params.seconds } : {}),
        }
      },
    ),
}

/** How many jobs complete in that time, when so many wait at any time. */
async function others(runtime: IsolationRuntime, seconds: number): Promise<number> {
  const end = performance.now() + seconds * 1_000
  let done = 0
  const next = (): unknown => {
    return performance.now() < end && runtime.enqueue('stamp', { burn: BURN })
  }
  await new Promise<void>((resolve) => {
    runtime.on('completed', ({ job }) => {
      if (job.kind !== 'stamp') return
      if (performance.now() >= end) return resolve()
      done += 1
      void next()
    })
    for (let job = 0; job < AT_A_TIME; job++) void next()
  })
  return done
}
