import { deliverWebhookPolicy } from '../../../src/webhook/schedule.ts'
import type { Params } from '../../setup.ts'
import { now, steadily } from '../../time.ts'
import { deliveryTo } from '../isolation/dead-endpoints.ts'
import { startEndpoints } from '../isolation/endpoints.ts'
import type { Ran } from '../isolation/handlers.ts'
import { isolated, warmUp, type Isolation } from '../isolation/isolated.ts'
import { Probe } from '../isolation/probe.ts'

const DEAD = 20
/** Events of a trial: each goes to all dead hooks. 500 with the default number of jobs. */
const SHARE = 400
const HEALTHY_PER_SECOND = 100
const REINDEX_PER_SECOND = 50
/** Takes about 4 ms. */
const REINDEX = { steps: 4_000_000 }
const TARGET = { type: 'repository', id: 1 }

const MUSTS: Isolation['musts'] = [
  { figure: 'healthy p99 ms', text: '< 50', holds: (ms) => ms < 50 },
  {
    figure: 'reindex p99 ms',
    text: 'at most 1.2 × without',
    holds: (ms, without) => ms <= without * 1.2,
  },
]

/** Webhooks as a forge runs them, with the policy that helve gives to their deliveries. */
export const blackHoles: Isolation = {
  name: 'black holes',
  disturbance: '20 hooks that accept connections and never answer, 500 events',
  musts: MUSTS,
  load: (params, disturbed) => measure(params, disturbed, (dead) => dead),
}

/** As {@link blackHoles}; the name servers of this process have to be silent. */
export const blackHoledNames: Isolation = {
  name: 'black-holed names',
  disturbance: '20 hooks whose names no server answers for, 500 events',
  musts: MUSTS,
  load: (params, disturbed) =>
    measure(params, disturbed, (dead) => dead.map((_, i) => `http://hooks.dead-${i}.example/`)),
}

async function measure(
  params: Params,
  disturbed: boolean,
  urlsOf: (dead: string[]) => string[],
): Promise<Record<string, number>> {
  const endpoints = await startEndpoints(DEAD)
  const lanes = { io: { threads: 1, concurrency: 64 } }
  try {
    return await isolated(params, lanes, async ({ runtime, store }) => {
      const healthy = deliveryTo(await store.webhooks.create({ url: endpoints.healthy }))
      for (const url of urlsOf(endpoints.dead)) await store.webhooks.create({ url, target: TARGET })
      runtime.register('deliver_webhook', {
        ...deliverWebhookPolicy(),
        groupRate: { limit: 1_000, per: 1_000 },
        lane: 'io',
      })
      void runtime.run()
      await warmUp(runtime, 'reindex', () => REINDEX, 200)
      await warmUp(runtime, 'deliver_webhook', () => healthy, 300)

      const deliveries = new Probe(runtime, 'deliver_webhook', () => now())
      const reindexes = new Probe(runtime, 'reindex', (ran) => (ran as Ran).ended)
      const events = disturbed ? params.jobs / SHARE : 0
      await Promise.all([
        steadily(params.seconds, events / params.seconds, (n) =>
          runtime.webhooks.publish('push', { target: TARGET, payload: { n } }),
        ),
        steadily(params.seconds, HEALTHY_PER_SECOND, () => deliveries.submit(healthy)),
        steadily(params.seconds, REINDEX_PER_SECOND, () => reindexes.submit(REINDEX)),
      ])
      await Promise.all([deliveries.ended(), reindexes.ended()])
      return { 'healthy p99 ms': deliveries.p99(), 'reindex p99 ms': reindexes.p99() }
    })
  } finally {
    await endpoints.close()
  }
}
