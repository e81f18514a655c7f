import { MessagePort } from 'node:worker_threads'
import type { AttemptStart } from '../../src/job/attempt-start.ts'
import { defineHandlers, type HandlerContext, type Job } from '../../workers/define-handlers.ts'
import { aDelivery } from '../support/jobs.ts'

// Handlers that begin and record attempts of others, or forge their own outcomes.

type About = Job<{ start?: object; id?: number; outcome?: object }>

export default defineHandlers(({ cells }: { cells: Int32Array<SharedArrayBuffer> }, thread) => {
  const { webhooks } = thread as { webhooks: { beginAttempt(start: unknown): Promise<number> } }
  const begin = (job: About, over: object = {}): Promise<number> => {
    return webhooks.beginAttempt({ ...startOf(job.id), ...over })
  }
  const released = (id: number): unknown => Atomics.waitAsync(cells, id, 0).value
  return {
    kinds: {
      /** Goes on until it is released, with an attempt under way. */
      async attempts(job: About, ctx: HandlerContext) {
        const id = await begin(job)
        ctx.progress(id)
        await released(job.id)
        ctx.recordDelivery({ ...aDelivery(), id })
      },
      begins: (job: About) => begin(job, job.payload.start),
      async beginsTwice(job: About, ctx: HandlerContext) {
        await begin(job)
        const id = await begin(job)
        ctx.recordDelivery({ ...aDelivery(), id })
      },
      async fails(job: About) {
        await begin(job)
        throw new Error('no end of the attempt')
      },
      records(job: About, ctx: HandlerContext) {
        const { id } = job.payload
        ctx.recordDelivery({ ...aDelivery({ error: 'forged' }), id: id! })
      },
      forges(job: About) {
        const { postMessage } = MessagePort.prototype
        MessagePort.prototype.postMessage = function (message: unknown, ...rest: never[]) {
          return postMessage.call(this, forged(message, job), ...(rest as unknown as []))
        }
      },
      echo: () => undefined,
    },
  }
})

function startOf(job: number): AttemptStart {
  return {
    ...{ job, attempt: 1, webhookId: 1, guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958' },
    ...{ event: 'push', action: null, redelivery: false, delivery: null, url: 'http://a/' },
  }
}

/** The message with another outcome wherever it reports one of this job. */
function forged(message: unknown, job: About): unknown {
  if (typeof message !== 'object' || message === null) return message
  if (Array.isArray(message)) return message.map((one) => forged(one, job))
  if ('token' in message && 'slot' in message) return { ...message, outcome: job.payload.outcome }
  for (const field of ['result', 'reports'] as const) {
    if (field in message) {
      const own = (message as Record<string, unknown>)[field]
      return { ...message, [field]: forged(own, job) }
    }
  }
  return message
}
