import type { DeliverWebhookPayload } from '../../../workers/deliver-webhook.ts'
import type { Params } from '../../setup.ts'
import { now, steadily } from '../../time.ts'
import { startEndpoints, type Endpoints } from './endpoints.ts'
import type { Ran } from './handlers.ts'
import { isolated, until, warmUp, type Isolation, type IsolationRuntime } from './isolated.ts'
import { Probe } from './probe.ts'

const DEAD = 20
/** All dead endpoints together get `jobs / SHARE` deliveries: 500 each with the default. */
const SHARE = 20
const HEALTHY_PER_SECOND = 100
const REINDEX_PER_SECOND = 50
/** Takes about 4 ms. */
const REINDEX = { steps: 4_000_000 }

export const deadEndpoints: Isolation = {
  name: 'dead endpoints',
  disturbance: '20 endpoints that accept and never answer, 500 deliveries each',
  musts: [
    { figure: 'healthy p99 ms', text: '< 50', holds: (ms) => ms < 50 },
    {
      figure: 'reindex p99 ms',
      text: 'at most 1.2 × without',
      holds: (ms, without) => ms <= without * 1.2,
    },
  ],
  async load(params, disturbed) {
    const endpoints = await startEndpoints(DEAD)
    try {
      return await measure(params, endpoints, disturbed)
    } finally {
      await endpoints.close()
    }
  },
}

/** Registers deliveries; each webhook is a group. */
export function registerDeliveries(runtime: IsolationRuntime): void {
  runtime.register('deliver_webhook', { lane: 'io', group: hookOf, groupConcurrency: 2 })
}

function hookOf({ webhook_pk }: DeliverWebhookPayload): string {
  return String(webhook_pk)
}

function measure(params: Params, endpoints: Endpoints, disturbed: boolean) {
  const io = { threads: 1, concurrency: 64 }
  return isolated(params, { io }, async ({ runtime, store }) => {
    const create = (url: string): Promise<number> => {
      return store.webhooks.create({ url, secret: 'secret', events: ['push'] })
    }
    const healthy = deliveryTo(await create(endpoints.healthy))
    const dead = await Promise.all(endpoints.dead.map(create))
    registerDeliveries(runtime)
    void runtime.run()
    await warmUp(runtime, 'reindex', () => REINDEX, 200)
    await warmUp(runtime, 'deliver_webhook', () => healthy, 300)

    const deliveries = new Probe(runtime, 'deliver_webhook', () => now())
    const reindexes = new Probe(runtime, 'reindex', (ran) => (ran as Ran).ended)
    if (disturbed) void deliverTo(runtime, dead, params.jobs / SHARE)
    await Promise.all([
      steadily(params.seconds, HEALTHY_PER_SECOND, () => deliveries.submit(healthy)),
      steadily(params.seconds, REINDEX_PER_SECOND, () => reindexes.submit(REINDEX)),
    ])
    await Promise.all([deliveries.ended(), reindexes.ended()])
    if (disturbed) await until(() => endpoints.accepted() >= 2 * DEAD, 'connections to the dead')
    return { 'healthy p99 ms': deliveries.p99(), 'reindex p99 ms': reindexes.p99() }
  })
}

export function deliveryTo(hook: number): DeliverWebhookPayload {
  return { webhook_pk: hook, event: 'push', payload: { ref: 'refs/heads/main' } }
}

/** Enqueues deliveries to the hooks by turns, as deliveries come in at a real host. */
async function deliverTo(runtime: IsolationRuntime, hooks: number[], jobs: number): Promise<void> {
  await runtime.enqueueMany(
    Array.from({ length: jobs }, (_, job) => ({
      kind: 'deliver_webhook' as const,
      payload: deliveryTo(hooks[job % hooks.length]!),
    })),
  )
}
