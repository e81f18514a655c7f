import { steadily } from '../../time.ts'
import type { Ran } from './handlers.ts'
import { countCharges, isolated, warmUp, type Isolation } from './isolated.ts'
import { Probe } from './probe.ts'

const DEATHS = ['exit', 'crash', 'eat'] as const
/** Deaths of threads in a second; a job dies three times. */
const PER_SECOND = 10
const DEATHS_OF_A_JOB = 3
/** MiB of a thread's heap, so that running out of it takes no longer than other deaths. */
const MEMORY = 32
/** Below what the threads could do: the CPU that the others burn is nobody's to give back. */
const OTHERS_PER_SECOND = 200
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
  load(params, disturbed) {
    const lane = { threads: params.threads, memory: MEMORY }
    return isolated(params, { default: lane }, async ({ runtime, overlaps }) => {
      void runtime.run()
      await warmUp(runtime, 'stamp', () => ({ burn: BURN }))
      const charges = countCharges(runtime, (kind) => kind === 'stamp')
      let deaths = 0
      runtime.on('thread:down', () => (deaths += 1))

      const others = new Probe(runtime, 'stamp', (ran) => (ran as Ran).started)
      const perSecond = disturbed ? PER_SECOND / DEATHS_OF_A_JOB : 0
      await Promise.all([
        steadily(params.seconds, OTHERS_PER_SECOND, () => others.submit({ burn: BURN })),
        steadily(params.seconds, perSecond, (call) => {
          return runtime.enqueue(DEATHS[call % DEATHS.length]!)
        }),
      ])
      return {
        'others a second': others.waits.length / params.seconds,
        'others pickup p99 ms': others.p99(),
        'others charged': charges(),
        'overlapping runs': overlaps(),
        ...(disturbed ? { 'deaths a second': deaths / params.seconds } : {}),
      }
    })
  },
}
