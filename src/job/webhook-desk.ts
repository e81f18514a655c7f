import type { AttemptStart } from './attempt-start.ts'
import type { Webhook } from './delivery.ts'
import type { StoredDelivery } from './publication.ts'

/** What webhook delivery reads of a store. */
export interface WebhookReader {
  /** The hook as it is now; undefined when there is none with this id. */
  getWebhook(id: number): Promise<Webhook | undefined>
  /** The delivery that a publication has made; undefined when there is none with this id any more. */
  getDelivery(id: number): Promise<StoredDelivery | undefined>
}

/** What a thread asks the main thread about webhooks. */
export interface WebhookDesk extends WebhookReader {
  /** Writes the first version of the record of an attempt; resolves to the id of the record. */
  beginAttempt(start: AttemptStart): Promise<number>
}
