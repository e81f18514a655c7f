import type { Database } from 'better-sqlite3'
import { checkInteger } from '../../job/check.ts'
import { lastResponse, type DeliveryRecord, type Webhook } from '../../job/delivery.ts'
import { checkWebhook, type NewWebhook } from '../../job/webhook.ts'
import { PageRoom } from '../page-room.ts'
import { delivery, webhook, type DeliveryRow, type WebhookRow } from './rows.ts'
import { prepareWebhooks, type WebhookStatements } from './statements/webhooks.ts'
import type { QueueClock } from '../timeline.ts'
import type { Transactions } from './transactions.ts'

/** One attempt, as `deliveries` lists it. */
export type Delivery = DeliveryRecord & { id: number }

/** Webhooks and the records of their deliveries: `store.webhooks`. */
export class Webhooks {
  readonly #statements: WebhookStatements
  readonly #transactions: Transactions
  readonly #clock: QueueClock

  constructor(db: Database, transactions: Transactions, clock: QueueClock) {
    this.#statements = prepareWebhooks(db)
    this.#clock = clock
    this.#transactions = transactions
  }

  /**
   * Resolves to the new hook's id.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for a field that is not as {@link NewWebhook} says
   */
  async create(hook: NewWebhook): Promise<number> {
    const values = { ...columns(hook), createdAt: Date.now() }
    return this.#transactions.acknowledged(() =>
      Number(this.#statements.create.run(values).lastInsertRowid),
    )
  }

  /**
   * Replaces a hook's settings; attempts that start later use them. False when there is no such
   * hook.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for a field that is not as {@link NewWebhook} says
   */
  async update(id: number, hook: NewWebhook): Promise<boolean> {
    const values = { ...columns(hook), id }
    return this.#transactions.acknowledged(() => this.#statements.update.run(values).changes === 1)
  }

  /** The hook's delivery records stay until retention removes them. False for an unknown hook. */
  async delete(id: number): Promise<boolean> {
    return this.#transactions.acknowledged(() => this.#statements.delete.run(id).changes === 1)
  }

  async get(id: number): Promise<Webhook | undefined> {
    const row = this.#transactions.read(() => this.#statements.get.get(id))
    return row === undefined ? undefined : webhook(row as WebhookRow)
  }

  async list(): Promise<Webhook[]> {
    const rows = this.#transactions.read(() => this.#statements.list.all())
    return (rows as WebhookRow[]).map(webhook)
  }

  /**
   * The attempts of one hook, newest first; `before` is the id of the last attempt of the page
   * before. A page ends early once its bodies come to 4 MiB, so only an empty page is the last one.
   */
  async deliveries(
    webhookId: number,
    { before = Number.MAX_SAFE_INTEGER, limit = 30 }: { before?: number; limit?: number } = {},
  ): Promise<Delivery[]> {
    checkInteger(limit, 'limit', 1, 1_000)
    const { deliveries } = this.#statements
    return this.#transactions.read(() => {
      const [page, room] = [[] as Delivery[], new PageRoom()]
      for (const row of deliveries.iterate(webhookId, before, limit) as Iterable<DeliveryRow>) {
        if (!room.take(row.request_body.length + (row.response_body?.length ?? 0))) break
        page.push(delivery(row, this.#clock))
      }
      return page
    })
  }

  /** Keeps an attempt, and makes it the hook's last response; for use inside a transaction. */
  record(record: DeliveryRecord): void {
    this.#statements.record.run({
      ...record,
      at: this.#clock.timeOf(record.at),
      requestHeaders: JSON.stringify(record.requestHeaders),
      responseHeaders: record.responseHeaders && JSON.stringify(record.responseHeaders),
      truncated: Number(record.truncated),
    })
    this.#statements.respond.run(JSON.stringify(lastResponse(record)), record.webhookId)
  }

  /**
   * Deletes at most `limit` records from before a moment of the queue; for use inside a
   * transaction.
   */
  prune(before: number, limit: number): number {
    return this.#statements.prune.run(before, limit).changes
  }
}

function columns(hook: NewWebhook) {
  const { url, secret, contentType, events, active, insecureTls, target } = checkWebhook(hook)
  return {
    url,
    secret,
    contentType,
    events: JSON.stringify(events),
    active: Number(active),
    insecureTls: Number(insecureTls),
    target: target && JSON.stringify(target),
  }
}
