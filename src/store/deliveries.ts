import type { Webhook } from '../job/delivery.ts'

/** What delivery retention needs of a store. */
export interface DeliveryPruner {
  /** Deletes delivery records that started before `before` (epoch ms); resolves to their number. */
  pruneDeliveries(before: number): Promise<number>
}

/** What webhook delivery needs of a store. */
export interface WebhookReader {
  /** The hook as it is now; undefined when there is none with this id. */
  getWebhook(id: number): Promise<Webhook | undefined>
}
