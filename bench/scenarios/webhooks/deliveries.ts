import { fileURLToPath } from 'node:url'
import { Worker } from 'node:worker_threads'
import { deliverWebhookPolicy } from '../../../src/webhook/schedule.ts'
import { completions, withRuntime, type Params } from '../../setup.ts'
import { startReceiver } from './receiver.ts'
import type { BareRequests } from './bare.ts'
import type handlers from './handlers.ts'

/** Deliveries that are under way at a time, of helve and of bare undici. */
const CONCURRENCY = 64
/** Hooks of the receiver: each has its own group. */
const HOOKS = 64
const WARM_UP = 500
const TARGET = { type: 'repository', id: 1 }
const NO_LIMIT = 1_000_000

/** One trial in so many deliveries: `jobs / SHARE`. */
const SHARE = 20

/**
 * Deliveries a second of a backlog to a receiver on this machine, by one thread with 64 deliveries
 * under way; and requests a second of bare undici in one thread, each with a connection of its own,
 * to the same receiver.
 */
export async function deliveries(params: Params): Promise<Record<string, number>> {
  const receiver = await startReceiver()
  try {
    const count = Math.ceil(params.jobs / SHARE)
    const bare = await bareRequests({ url: receiver.urls[0]!, count, concurrency: CONCURRENCY })
    const helve = await helveDeliveries(params, receiver.urls[0]!, count)
    return { 'deliveries/s': helve, 'bare undici/s': bare, '÷ bare undici': helve / bare }
  } finally {
    await receiver.close()
  }
}

function helveDeliveries(params: Params, url: string, count: number): Promise<number> {
  const body = async (runtime: WebhookRuntime, store: WebhookStore): Promise<number> => {
    for (let i = 0; i < HOOKS; i += 1) {
      await store.webhooks.create({ url, secret: 'secret', target: { ...TARGET, id: i } })
    }
    runtime.register('deliver_webhook', {
      ...deliverWebhookPolicy(),
      groupRate: { limit: NO_LIMIT, per: 1 },
      endpointConcurrency: CONCURRENCY,
      lane: 'io',
    })
    void runtime.run()
    const warm = completions(runtime, WARM_UP)
    await publish(runtime, WARM_UP)
    await warm
    await runtime.pause({ kind: 'deliver_webhook' })
    await publish(runtime, count)
    const all = completions(runtime, count)
    await runtime.resume({ kind: 'deliver_webhook' })
    const start = performance.now()
    await all
    return (count / (performance.now() - start)) * 1_000
  }
  return withRuntime(params, body, {
    handlers: new URL('./handlers.js', import.meta.url),
    lanes: { io: { threads: 1, concurrency: CONCURRENCY } },
  })
}

type WebhookRuntime = Parameters<Parameters<typeof withRuntime<unknown, typeof handlers>>[1]>[0]
type WebhookStore = Parameters<Parameters<typeof withRuntime>[1]>[1]

/** Publishes events as fast as they are accepted. */
async function publish(runtime: WebhookRuntime, count: number): Promise<void> {
  let left = count
  const producer = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      const target = { ...TARGET, id: left % HOOKS }
      await runtime.webhooks.publish('push', { target, payload: { ref: 'refs/heads/main', left } })
    }
  }
  await Promise.all(Array.from({ length: CONCURRENCY }, producer))
}

async function bareRequests(data: BareRequests): Promise<number> {
  const worker = new Worker(fileURLToPath(new URL('./bare.js', import.meta.url)), {
    workerData: data,
  })
  return new Promise((resolve, reject) => {
    worker.once('message', resolve).once('error', reject)
  })
}
