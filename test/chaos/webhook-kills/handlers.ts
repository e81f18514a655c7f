import { defineHandlers, type HandlerContext, type Job } from '../../../workers/define-handlers.ts'
import { deliverWebhookHandler } from '../../../workers/handlers.ts'
import { publicationOf, type Numbered } from './event.ts'

export default defineHandlers((_: unknown, thread) => ({
  kinds: {
    deliver_webhook: deliverWebhookHandler({ hooks: thread.webhooks, timeout: 30_000 }),
    announce: ({ payload: { n } }: Job<Numbered>, ctx: HandlerContext) => {
      ctx.publish('push', publicationOf(n))
    },
  },
}))
