import { steadily } from '../../time.ts'
import type { Ran } from './handlers.ts'
import {
  countCharges,
  isolated,
  until,
  warmUp,
  type Isolation,
  type IsolationRuntime,
} from './isolated.ts'
import { Probe } from './probe.ts'

/** Jobs that loop, each in two runs: its second run may begin only after the end of its first. */
const JOBS = 5
const RUNS = 2
const TIMEOUT = 1_000
const GRACE = 100
const PER_SECOND = 100
/** Time for ten loops, one after the other, and for the start of ten new threads. */
const SECONDS = (JOBS * RUNS * (TIMEOUT + GRACE + 150)) / 1_000

export const endlessLoops: Isolation = {
  name: 'endless loops',
  disturbance: 'ten runs that loop for ever, timeout 1 s',
  musts: [
    { figure: 'pickup p99 ms', text: '< 20', holds: (ms) => ms < 20 },
    { figure: 'slowest new thread ms', text: '< 500', holds: (ms) => ms < 500 },
    { figure: 'overlapping runs', text: 'none', holds: (runs) => runs === 0 },
    { figure: 'others charged', text: 'none', holds: (jobs) => jobs === 0 },
  ],
  load: (params, disturbed) =>
    isolated(params, {}, async ({ runtime, overlaps }) => {
      void runtime.run()
      await warmUp(runtime, 'stamp', () => ({}))
      const backoff = { delay: 0, jitter: 0 }
      runtime.register('loop', { timeout: TIMEOUT, grace: GRACE, maxAttempts: RUNS, backoff })
      const charges = countCharges(runtime, (kind) => kind !== 'loop')
      const gaps = countGaps(runtime)
      let dead = 0
      runtime.on('dead', () => (dead += 1))

      const stamps = new Probe(runtime, 'stamp', (ran) => (ran as Ran).started)
      if (disturbed) for (let job = 0; job < JOBS; job++) void runtime.enqueue('loop')
      await steadily(SECONDS, PER_SECOND, () => stamps.submit({}))
      await stamps.ended()
      if (disturbed) await until(() => dead === JOBS, 'the end of all loops')
      if (disturbed) await until(() => gaps.length === JOBS * RUNS, 'a new thread after each loop')
      return {
        'pickup p99 ms': stamps.p99(),
        ...(disturbed ? { 'slowest new thread ms': Math.max(...gaps) } : {}),
        'overlapping runs': overlaps(),
        'others charged': charges(),
      }
    }),
}

/** Milliseconds from the end of each thread to the start of the next one. */
function countGaps(runtime: IsolationRuntime): number[] {
  const gaps: number[] = []
  const down: number[] = []
  runtime.on('thread:down', () => down.push(performance.now()))
  runtime.on('thread:up', () => {
    const since = down.shift()
    if (since !== undefined) gaps.push(performance.now() - since)
  })
  return gaps
}
