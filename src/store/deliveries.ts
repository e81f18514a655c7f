import type { Webhook } from '../job/delivery.ts'
import type { AttemptStart, StoredDelivery } from '../job/publication.ts'

/** What delivery retention needs of a store. */
export interface DeliveryPruner {
  /** Deletes delivery records that started before `before` (epoch ms); resolves to their number. */
  pruneDeliveries(before: number): Promise<number>
}

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
