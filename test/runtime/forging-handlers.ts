import { MessagePort } from 'node:worker_threads'
import type { AttemptOpening } from '../../src/job/attempt-start.ts'
import type { OpenedAttempt } from '../../src/job/open-attempt.ts'
import { defineHandlers, type HandlerContext, type Job } from '../../workers/define-handlers.ts'
import { aDelivery } from '../support/jobs.ts'

// Handlers that begin and record attempts of others, or forge their own outcomes.

type About = Job<{ opening?: object; id?: number; outcome?: object }>

export default defineHandlers(({ cells }: { cells: Int32Array<SharedArrayBuffer> }, thread) => {
  const { webhooks } = thread as unknown as {
    webhooks: { openAttempt(of: unknown): Promise<OpenedAttempt> }
  }
  const begin = async (job: About, over: object = {}): Promise<number | undefined> => {
    const { record } = await webhooks.openAttempt({ ...openingOf(job.id), ...over })
    return record
  }
  const released = (id: number): unknown => Atomics.waitAsync(cells, id, 0).value
  return {
    kinds: {
      /** Goes on until it is released, with an attempt under way. */
      async attempts(job: About, ctx: HandlerContext) {
        const id = await begin(job)
        ctx.progress(id)
        await released(job.id)
        ctx.recordDelivery({ ...aDelivery(), id: id! })
      },
      begins: (job: About) => begin(job, job.payload.opening),
      async beginsTwice(job: About, ctx: HandlerContext) {
        await begin(job)
        const id = await begin(job)
        ctx.recordDelivery({ ...aDelivery(), id: id! })
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

function openingOf(job: number): AttemptOpening {
  const guid = '72d3162e-cc78-11e3-81ab-4c9367dc0958'
  const about = { guid, event: 'push', action: null, redelivery: false }
  return { job, attempt: 1, webhookId: 1, delivery: null, about }
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
