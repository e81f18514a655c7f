import { setTimeout as sleep } from 'node:timers/promises'
import { median, quantile } from '../../statistics.ts'
import type { Ran } from './handlers.ts'
import { isolated, warmUp, type Isolation } from './isolated.ts'
import { Probe } from './probe.ts'

/** The full group has `jobs / SHARE` jobs: 50,000 with the default. */
const SHARE = 4
const TRIES = 300
const BURN = 1

export const groupBacklog: Isolation = {
  name: 'group backlog',
  disturbance: '50,000 due jobs in one group, one arrives in another',
  musts: [
    { figure: 'pickup median ms', text: '< 5', holds: (ms) => ms < 5 },
    { figure: 'pickup p99 ms', text: '< 5', holds: (ms) => ms < 5 },
  ],
  load: (params, disturbed) =>
    isolated(params, {}, async ({ runtime }) => {
      runtime.register('grouped', { group: ({ group }) => group })
      void runtime.run()
      await warmUp(runtime, 'grouped', (job) => ({ group: `warm ${job % 4}`, burn: BURN }))
      const backlog = Array.from({ length: disturbed ? params.jobs / SHARE : 0 }, () => ({
        kind: 'grouped' as const,
        payload: { group: 'full', burn: BURN },
      }))
      await runtime.enqueueMany(backlog)

      const stamps = new Probe(runtime, 'grouped', (ran) => (ran as Ran).started)
      const waits: number[] = []
      for (let attempt = 0; attempt < TRIES; attempt++) {
        await sleep(3)
        waits.push(await stamps.once({ group: `other ${attempt}` }))
      }
      const { grouped } = await runtime.counts()
      if (disturbed && !grouped?.queued) throw new Error('the backlog was gone too early')
      return {
        'pickup median ms': median(waits),
        'pickup p99 ms': quantile(waits, 0.99),
        'pickup most ms': Math.max(...waits),
      }
    }),
}
