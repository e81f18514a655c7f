import { defineHandlers } from '../../../workers/define-handlers.ts'
import { deliverWebhookHandler } from '../../../workers/deliver-webhook.ts'

export default defineHandlers((_: unknown, thread) => ({
  kinds: { deliver_webhook: deliverWebhookHandler({ hooks: thread.webhooks }) },
}))
