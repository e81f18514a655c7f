import type { Database } from 'better-sqlite3'
import { badOption, checkInteger, checkKeys, checkOneOf } from '../../job/check.ts'
import type { DeliveryRecord, LastResponse, Webhook } from '../../job/delivery.ts'
import { PageRoom } from './page-room.ts'
import { delivery, webhook, type DeliveryRow, type WebhookRow } from './rows.ts'
import { prepareWebhooks, type WebhookStatements } from './statements.ts'
import type { QueueClock } from '../timeline.ts'
import type { Transactions } from './transactions.ts'

/** What a webhook is made of. */
export interface NewWebhook {
  /** Absolute, http or https, without user and password. */
  url: string
  /** Signs every delivery. @default none: deliveries are not signed */
  secret?: string | null
  /** How the body is encoded. @default 'json' */
  contentType?: 'json' | 'form'
  /** Event names; `*` subscribes to all. @default ['push'] */
  events?: string[]
  /** An inactive hook is not delivered to. @default true */
  active?: boolean
  /** Accept any TLS certificate. @default false */
  insecureTls?: boolean
  /** What the hook belongs to, such as `{ type: 'repository', id: 5 }`. @default none */
  target?: { type: string; id: number } | null
}

const FIELDS = ['url', 'secret', 'contentType', 'events', 'active', 'insecureTls', 'target']

/** One attempt, as listed. */
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

  /** Its delivery records stay until retention removes them. False when there is no such hook. */
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
   * The attempts of one hook, newest first; `before` is the id of the last one of the page before. A
   * page ends early once its bodies come to 4 MiB: the last one is the one that is empty.
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

  /** Deletes at most `limit` records from before a moment of the queue; for use inside a transaction. */
  prune(before: number, limit: number): number {
    return this.#statements.prune.run(before, limit).changes
  }
}

/** In GitHub's words: https://docs.github.com/en/rest/repos/webhooks */
function lastResponse({ status, error }: DeliveryRecord): LastResponse {
  if (error === null) return { code: status, status: 'OK', message: 'OK' }
  const summary = status === null ? 'failed to connect' : `Invalid HTTP Response: ${status}`
  return { code: status, status: summary, message: error }
}

function columns(hook: NewWebhook) {
  checkKeys(hook, 'webhook', FIELDS)
  const { url, secret = null, contentType = 'json', events = ['push'] } = hook
  const { active = true, insecureTls = false, target = null } = hook
  checkUrl(url)
  if (secret !== null && (typeof secret !== 'string' || secret === '')) {
    throw badOption('secret', 'a string that is not empty, or null', typeof secret)
  }
  if (!Array.isArray(events) || events.some((event) => typeof event !== 'string' || !event)) {
    throw badOption('events', 'an array of event names', events)
  }
  if (target !== null && (typeof target.type !== 'string' || !Number.isInteger(target.id))) {
    throw badOption('target', '{ type: string, id: integer } or null', target)
  }
  return {
    url,
    secret,
    contentType: checkOneOf(contentType, 'contentType', ['json', 'form']),
    events: JSON.stringify(events),
    active: Number(checkOneOf(active, 'active', [true, false])),
    insecureTls: Number(checkOneOf(insecureTls, 'insecureTls', [true, false])),
    target: target && JSON.stringify({ type: target.type, id: target.id }),
  }
}

function checkUrl(url: unknown): void {
  const parsed = typeof url === 'string' && URL.canParse(url) ? new URL(url) : undefined
  // Not shown in the message: that ends up in logs, and there may be a password in it, or a token.
  if (parsed === undefined || !/^https?:$/.test(parsed.protocol)) {
    throw badOption('url', 'an absolute http or https URL', typeof url)
  }
  if (parsed.username || parsed.password) {
    throw badOption('url', 'a URL without user and password', 'one with them')
  }
}
