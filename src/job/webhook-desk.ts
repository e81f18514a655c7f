import type { AttemptOpening } from './attempt-start.ts'
import type { Webhook } from './delivery.ts'
import type { OpenedAttempt } from './open-attempt.ts'
import type { StoredDelivery } from './publication.ts'

/** What webhook delivery reads of a store. */
export interface WebhookReader {
  /** The hook as it is now; undefined when there is none with this id. */
  getWebhook(id: number): Promise<Webhook | undefined>
  /** The delivery that a publication has made; undefined when there is none with this id any more. */
  getDelivery(id: number): Promise<StoredDelivery | undefined>
}

/** Lets a run into an endpoint; rejects when the endpoint takes no run in. */
export type Enter = (endpoint: string) => Promise<void>

/** What a run asks about webhooks. */
export interface WebhookDesk extends Pick<WebhookReader, 'getWebhook'> {
  /**
   * Opens an attempt: reads the hook and the delivery, enters the origin of the hook, and writes the
   * first version of the record.
   *
   * @param enter for a run of the main thread; the runtime lets a run of a thread in itself
   */
  openAttempt(opening: AttemptOpening, enter: Enter): Promise<OpenedAttempt>
}
