// helve/webhooks/github: translates between GitHub's API of webhooks and the store.

export type { DeliveryRecord, Webhook, WebhookRecord } from '../job/delivery.ts'
export { HelveError, type HelveErrorCode } from '../job/errors.ts'
export type { NewWebhook } from '../job/webhook.ts'
export { newWebhookOf, updatedWebhookOf } from './github-requests.ts'
export {
  deliveriesJson,
  deliveryDetailJson,
  deliveryJson,
  hookJson,
  hooksJson,
  type GitHubDelivery,
  type GitHubDeliveryDetail,
  type GitHubHook,
  type GitHubHookConfig,
} from './github-responses.ts'
