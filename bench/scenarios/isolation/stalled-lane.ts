import type { Params } from '../../setup.ts'
import { now, steadily } from '../../time.ts'
import { deliveryTo, registerDeliveries } from './dead-endpoints.ts'
import { startEndpoints, type Endpoints } from './endpoints.ts'
import { isolated, warmUp, type Isolation, type IsolationRuntime } from './isolated.ts'
import { Probe } from './probe.ts'

const PER_SECOND = 100
const HOOKS = 10
/** Milliseconds of CPU of a `spin` job, and milliseconds from one `spin` job to the next. */
const SPIN = 2_000
const BETWEEN = 5_000

export const stalledLane: Isolation = {
  name: 'stalled lane',
  disturbance: 'a handler that takes 2 s of CPU in the shared lane, every 5 s',
  musts: [
    { figure: 'not named', text: 'none', holds: (stalls) => stalls === 0 },
    { figure: 'slowest naming ms', text: '< 100', holds: (ms) => ms < 100 },
    { figure: 'new deliveries p99 ms', text: '< 250', holds: (ms) => ms < 250 },
  ],
  async load(params, disturbed) {
    const endpoints = await startEndpoints(0)
    try {
      return await measure(params, endpoints, disturbed)
    } finally {
      await endpoints.close()
    }
  },
}

function measure(params: Params, { healthy }: Endpoints, disturbed: boolean) {
  const io = { threads: 1, concurrency: 64 }
  return isolated(params, { io }, async ({ runtime, store }) => {
    const hook = { url: healthy, secret: 'secret', events: ['push'] }
    const hooks = await Promise.all(
      Array.from({ length: HOOKS }, () => store.webhooks.create(hook)),
    )
    registerDeliveries(runtime)
    runtime.register('spin', { lane: 'io' })
    void runtime.run()
    await warmUp(runtime, 'deliver_webhook', (job) => deliveryTo(hooks[job % HOOKS]!), 300)

    const stalls = watchStalls(runtime)
    const deliveries = new Probe(runtime, 'deliver_webhook', () => now())
    const spins = disturbed ? BETWEEN / 1_000 : Infinity
    await Promise.all([
      steadily(params.seconds, PER_SECOND, (call) => {
        return deliveries.submit(deliveryTo(hooks[call % HOOKS]!))
      }),
      steadily(params.seconds, 1 / spins, () => runtime.enqueue('spin', { ms: SPIN })),
    ])
    await deliveries.ended()
    const meanwhile = deliveries.p99(({ called }) => !disturbed || stalls.during(called))
    return { 'new deliveries p99 ms': meanwhile, ...(disturbed ? stalls.figures() : {}) }
  })
}

/** Records when each job began to spin, and when `thread:stalled` named the job. */
function watchStalls(runtime: IsolationRuntime) {
  const began = new Map<number, number>()
  const named = new Map<number, number>()
  runtime.on('progress', ({ job, value }) => began.set(job.id, value as number))
  runtime.on('thread:stalled' as never, ({ job }: { job: { id: number } | undefined }) => {
    if (job !== undefined && !named.has(job.id)) named.set(job.id, now())
  })
  return {
    during: (at: number) => [...began.values()].some((since) => at >= since && at < since + SPIN),
    figures() {
      const times = [...began].map(([id, since]) => (named.get(id) ?? Number.NaN) - since)
      const seen = times.filter((ms) => !Number.isNaN(ms))
      return {
        'not named': times.length - seen.length,
        'others named': [...named.keys()].filter((id) => !began.has(id)).length,
        ...(seen.length === 0 ? {} : { 'slowest naming ms': Math.max(...seen) }),
      }
    },
  }
}
