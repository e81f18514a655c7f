import { steadily } from '../../time.ts'
import type { Ran } from './handlers.ts'
import { countCharges, isolated, warmUp, type Isolation } from './isolated.ts'
import { Probe } from './probe.ts'

const DEATHS = ['exit', 'crash', 'eat'] as const
/** Deaths of threads a second; the runs of one job kill three threads. */
const PER_SECOND = 10
const DEATHS_OF_A_JOB = 3
/** MiB of a thread's heap: so few that a run exhausts them as fast as the other deaths happen. */
const MEMORY = 32
/** Less than the threads can run: no isolation gives back the CPU that the dying threads use. */
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
