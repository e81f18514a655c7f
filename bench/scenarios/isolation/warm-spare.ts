import { setTimeout as sleep } from 'node:timers/promises'
import { median } from '../../statistics.ts'
import type { Ran } from './handlers.ts'
import { isolated, warmUp, type Isolation } from './isolated.ts'
import { Probe } from './probe.ts'

/** Threads that end, and times at which one kind holds all threads. */
const ROUNDS = 20
/** Milliseconds for which one kind holds all threads in each round. */
const HELD = 100

export const warmSpare: Isolation = {
  name: 'warm spare',
  disturbance: 'a thread has ended; one kind holds all threads',
  musts: [
    { figure: 'start after an end median ms', text: '< 5', holds: (ms) => ms < 5 },
    { figure: 'start of a second kind most ms', text: '< 20', holds: (ms) => ms < 20 },
  ],
  load: (params, disturbed) =>
    isolated(params, {}, async ({ runtime }) => {
      void runtime.run()
      await warmUp(runtime, 'stamp', () => ({}))
      const stamps = new Probe(runtime, 'stamp', (ran) => (ran as Ran).started)
      const afterEnds: number[] = []
      const ofSecond: number[] = []
      for (let round = 0; round < ROUNDS; round += 1) {
        if (disturbed) await end()
        afterEnds.push(await stamps.once({}))
        if (disturbed) await hold()
        ofSecond.push(await stamps.once({}))
        await sleep(HELD)
      }
      return {
        'start after an end median ms': median(afterEnds),
        'start of a second kind most ms': Math.max(...ofSecond),
      }

      /** Ends a thread by a job that does so once. */
      async function end(): Promise<void> {
        const down = new Promise<void>((resolve) => {
          runtime.once('thread:down', () => resolve())
        })
        await runtime.enqueue('exitOnce')
        await down
      }

      /** Lets one kind hold all threads but the spare. */
      async function hold(): Promise<void> {
        let running = 0
        const all = new Promise<void>((resolve) => {
          const count = ({ job }: { job: { kind: string } }): void => {
            if (job.kind === 'rest') running += 1
            if (running < params.threads) return
            runtime.off('progress', count)
            resolve()
          }
          runtime.on('progress', count)
        })
        for (let n = 0; n < params.threads; n += 1) void runtime.enqueue('rest', { ms: HELD })
        await all
      }
    }),
}
