import {
  defineHandlers,
  PermanentError,
  type HandlerContext,
  type Job,
} from '../../workers/define-handlers.ts'
import { deliverWebhookHandler } from '../../workers/handlers.ts'
import { aDelivery } from '../support/jobs.ts'

// Handlers that end in every possible way, and tell nobody their secrets.

const never = (): Promise<never> => new Promise(() => undefined)

type Secretive = Job<{ secret: string }>

export default defineHandlers((config: { secret: string }, thread) => {
  thread.logger.trace('set up')
  return {
    kinds: {
      completes(job: Secretive, ctx: HandlerContext) {
        ctx.logger.trace({ length: job.payload.secret.length }, 'looked at it')
        ctx.progress({ done: config.secret.length })
        ctx.enqueue('follows', job.payload)
      },
      follows: () => undefined,
      returns: () => ({ secret: 'hunter2-result' }),
      fails() {
        throw new Error('no such repository')
      },
      dies() {
        throw new PermanentError('no such repository')
      },
      snoozes(job: Secretive, ctx: HandlerContext) {
        if (job.attempt < 9) ctx.snooze(3_600_000)
      },
      hangs: never,
      loops(_: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        for (;;);
      },
      exits: () => process.exit(7),
      async crashes() {
        setImmediate(() => {
          throw new Error('in a callback')
        })
        await never()
      },
      async waits(_: Job, ctx: HandlerContext) {
        ctx.progress('runs')
        await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
        ctx.signal.throwIfAborted()
      },
      // helve itself tells of a mistake with the payload of these handlers.
      returnsBigInt: (job: Secretive) => ({ ...job.payload, size: 1n }),
      returnsTooMuch: (job: Secretive) => job.payload.secret.repeat(100_000),
      tellsTooMuch: (job: Secretive, ctx: HandlerContext) =>
        ctx.progress(job.payload.secret.repeat(100_000)),
      enqueuesNaN: (job: Secretive, ctx: HandlerContext) =>
        ctx.enqueue('follows', { ...job.payload, size: NaN }),
      enqueuesKey: (job: Secretive, ctx: HandlerContext) =>
        ctx.enqueue('follows', job.payload, { dedupeKey: 'held' }),
      recordsNothing: (job: Secretive, ctx: HandlerContext) =>
        ctx.recordDelivery({ ...aDelivery(), guid: job.payload as never }),
      deliver_webhook: deliverWebhookHandler({ hooks: thread.webhooks }),
    },
  }
})
