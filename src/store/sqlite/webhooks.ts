import type { Database } from 'better-sqlite3'
import { checkInteger, checkKeys, checkNumber } from '../../job/check.ts'
import type { Webhook, WebhookRecord } from '../../job/delivery.ts'
import { MAX_DELAY } from '../../job/limits.ts'
import type { StoredDelivery } from '../../job/publication.ts'
import { checkWebhook, type NewWebhook, type WebhookSettings } from '../../job/webhook.ts'
import type { AttemptOpening } from '../../job/attempt-start.ts'
import { openAttempt, type OpenedAttempt } from '../../job/open-attempt.ts'
import type { Enter, WebhookDesk } from '../../job/webhook-desk.ts'
import type { GuardRules } from '../../job/webhook-guard.ts'
import { checkSecret } from '../../job/webhook-secrets.ts'
import { guardOf } from '../../webhook/guard/compiled.ts'
import { checkHookUrl } from '../../webhook/guard/hook-url.ts'
import { MASK, maskUrl } from '../../job/mask-url.ts'
import {
  checkDeliveryQuery,
  type Delivery,
  type DeliveryPage,
  type DeliveryQuery,
} from '../delivery-query.ts'
import { sleep } from '../../timer.ts'
import { inBatches } from '../in-batches.ts'
import { Attempts } from './attempts.ts'
import type { Sealer } from '../rules/seal.ts'
import { webhook, webhookRecord, type WebhookRow } from './rows.ts'
import { prepareWebhooks, type WebhookStatements } from './statements/webhooks.ts'
import type { QueueClock } from '../timeline.ts'
import type { Transactions } from './transactions.ts'
import {
  changedSecrets,
  isReadable,
  newSecrets,
  resealedColumns,
  rotatedSecret,
  settingColumns,
} from './webhook-columns.ts'
import type { WebhookSafety } from './webhook-options.ts'

/** Milliseconds for which a replaced secret still holds: a day. */
const KEEP_FOR = 24 * 60 * 60 * 1_000

/** Webhooks and the records of their deliveries: `store.webhooks`. */
export class Webhooks implements WebhookDesk {
  /** The records of attempts, inside transactions. */
  readonly attempts: Attempts
  readonly #statements: WebhookStatements
  readonly #transactions: Transactions
  readonly #clock: QueueClock
  readonly #sealer: Sealer
  readonly #rules: GuardRules

  constructor(db: Database, transactions: Transactions, clock: QueueClock, safety: WebhookSafety) {
    this.#statements = prepareWebhooks(db)
    this.attempts = new Attempts(db, transactions, clock)
    this.#clock = clock
    this.#transactions = transactions
    this.#sealer = safety.sealer
    this.#rules = safety.rules
  }

  /**
   * Resolves to the new hook's id.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for a field that is not as {@link NewWebhook} says, and
   *   for a URL whose host, port or present addresses the store's `webhooks` options do not permit
   */
  async create(hook: NewWebhook): Promise<number> {
    const settings = await this.#checked(hook)
    const columns = settingColumns(settings, this.#sealer)
    const values = { ...columns, ...newSecrets(settings, this.#sealer), now: Date.now() }
    return this.#transactions.acknowledged(() =>
      Number(this.#statements.create.run(values).lastInsertRowid),
    )
  }

  /**
   * Replaces a hook's settings; attempts that start later use them. A secret or an authorization
   * that is not given stays as it is, so that nobody has to read a secret to change something else.
   * A secret that is given ends a rotation at once. False when there is no such hook.
   *
   * @throws HelveError as {@link create}
   */
  async update(id: number, hook: NewWebhook): Promise<boolean> {
    const settings = await this.#checked(hook)
    const columns = settingColumns(settings, this.#sealer)
    return this.#change(id, (row, now) => {
      const secrets = changedSecrets(row, settings, this.#sealer, now)
      this.#statements.update.run({ ...columns, ...secrets, id, now })
    })
  }

  /**
   * Gives a hook a new secret, which signs its deliveries at once. For `keepFor` milliseconds, the
   * old secret also signs the headers of Standard Webhooks; 0 ends the old secret now. False when
   * there is no such hook.
   *
   * @param options.keepFor @default a day
   * @throws HelveError `HELVE_ERR_OPTION` for a secret that is not as {@link NewWebhook} says, and
   *   when the old secret is sealed and no key opens it: then `update` sets a secret without
   *   keeping the old one
   */
  async rotateSecret(
    id: number,
    newSecret: string,
    options: { keepFor?: number } = {},
  ): Promise<boolean> {
    checkKeys(options, 'options', ['keepFor'])
    const keepFor = checkNumber(options.keepFor ?? KEEP_FOR, 'keepFor', 0, MAX_DELAY)
    return this.#change(id, (row, now) => {
      const secret = checkSecret(newSecret ?? undefined, row.standard === 1) as string
      const columns = rotatedSecret(row, { secret, keepFor, now }, this.#sealer)
      this.#statements.rotate.run({ ...columns, id, now })
    })
  }

  /**
   * Seals all hooks by the newest key, also hooks that were stored before there was a key. Resolves
   * to the ids of hooks that no key opens, which stay as they are. After an empty list, older keys
   * are no longer needed.
   */
  async reseal(): Promise<number[]> {
    const unreadable: number[] = []
    let last = 0
    await inBatches(
      (limit) =>
        this.#transactions.acknowledged(() => {
          const rows = this.#statements.behind.all(last, limit) as WebhookRow[]
          for (const row of rows) if (!this.#reseal(row)) unreadable.push(row.id)
          last = rows.at(-1)?.id ?? last
          return rows.length
        }),
      sleep,
    )
    return unreadable
  }

  /** The hook's delivery records stay until retention removes them. False for an unknown hook. */
  async delete(id: number): Promise<boolean> {
    return this.#transactions.acknowledged(() => this.#statements.delete.run(id).changes === 1)
  }

  /** The hook as people see it, without its secrets. */
  async get(id: number): Promise<WebhookRecord | undefined> {
    const row = this.#row(id)
    return row && webhookRecord(row, this.#around(Date.now()))
  }

  /** All hooks as people see them, without their secrets. */
  async list(): Promise<WebhookRecord[]> {
    const rows = this.#transactions.read(() => this.#statements.list.all())
    const around = this.#around(Date.now())
    return (rows as WebhookRow[]).map((row) => webhookRecord(row, around))
  }

  /**
   * The hook with its secrets, for a delivery.
   *
   * @throws HelveError `HELVE_ERR_OPTION` when no key opens a sealed value of the hook
   */
  async getWebhook(id: number): Promise<Webhook | undefined> {
    const row = this.#row(id)
    return row && { ...webhook(row, this.#sealer, Date.now()), guard: this.#rules }
  }

  /**
   * A page of the records of attempts, the newest first.
   *
   * @throws HelveError `HELVE_ERR_OPTION`
   */
  async deliveries(query: DeliveryQuery = {}): Promise<DeliveryPage> {
    return this.attempts.list(checkDeliveryQuery(query))
  }

  /** One attempt of a hook; undefined when it has none with this id. */
  async delivery(webhookId: number, id: number): Promise<Delivery | undefined> {
    checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER - 1)
    const page = await this.deliveries({ hook: webhookId, before: id + 1, limit: 1 })
    const [newest] = page.deliveries
    return newest?.id === id ? newest : undefined
  }

  /** Masks the URL of a hook, which may be sealed, for a record. */
  readonly masked = (url: string, hook: number): string => {
    return this.#sealer.opens('url', url, hook)
      ? maskUrl(this.#sealer.open('url', url, hook))
      : MASK
  }

  getDelivery(id: number): Promise<StoredDelivery | undefined> {
    return this.attempts.getDelivery(id)
  }

  /** As the `webhooks` of a thread, for a handler on the main thread. */
  openAttempt(opening: AttemptOpening, enter: Enter): Promise<OpenedAttempt> {
    return openAttempt(opening, {
      getWebhook: (id) => this.getWebhook(id),
      getDelivery: (id) => this.getDelivery(id),
      begin: (start) => this.attempts.beginAttempt(start),
      enter,
    })
  }

  async #checked(hook: NewWebhook): Promise<WebhookSettings> {
    const settings = checkWebhook(hook)
    await checkHookUrl(settings.url, guardOf(this.#rules))
    return settings
  }

  #around(now: number) {
    return { sealer: this.#sealer, clock: this.#clock, now }
  }

  #row(id: number): WebhookRow | undefined {
    return this.#transactions.read(() => this.#statements.get.get(id)) as WebhookRow | undefined
  }

  async #change(id: number, change: (row: WebhookRow, now: number) => void): Promise<boolean> {
    return this.#transactions.acknowledged(() => {
      const row = this.#statements.get.get(id) as WebhookRow | undefined
      if (row) change(row, Date.now())
      return row !== undefined
    })
  }

  /** False when no key opens a value of the hook. */
  #reseal(row: WebhookRow): boolean {
    const now = Date.now()
    this.#statements.reseal.run(resealedColumns(row, this.#sealer, now))
    return isReadable(row, this.#sealer, now)
  }
}
