import type { Database } from 'better-sqlite3'
import { checkInteger, checkKeys, checkNumber } from '../../job/check.ts'
import {
  lastResponse,
  type AttemptOutcome,
  type DeliveryRecord,
  type Webhook,
  type WebhookChange,
  type WebhookRecord,
} from '../../job/delivery.ts'
import { MAX_DELAY } from '../../job/limits.ts'
import type { StoredDelivery } from '../../job/publication.ts'
import { checkWebhook, type NewWebhook, type WebhookSettings } from '../../job/webhook.ts'
import type { AttemptStart } from '../../job/attempt-start.ts'
import type { WebhookDesk } from '../../job/webhook-desk.ts'
import type { GuardRules } from '../../job/webhook-guard.ts'
import { checkSecret } from '../../job/webhook-secrets.ts'
import { guardOf } from '../../webhook/guard/compiled.ts'
import { checkHookUrl } from '../../webhook/guard/hook-url.ts'
import { MASK, maskUrl } from '../../job/mask-url.ts'
import { inBatches } from '../in-batches.ts'
import { PageRoom } from '../page-room.ts'
import { afterAttempt } from '../rules/disabling.ts'
import type { Sealer } from '../rules/seal.ts'
import { attemptColumns, healthOf, type HealthRow } from './attempt-columns.ts'
import { delivery, webhook, webhookRecord, type DeliveryRow, type WebhookRow } from './rows.ts'
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

/** One attempt, as `deliveries` lists it. */
export type Delivery = DeliveryRecord & { id: number }

type DeliveryColumns = [
  webhookId: number,
  guid: string,
  event: string,
  action: string | null,
  redelivery: number,
  body: Uint8Array,
]

/** Webhooks and the records of their deliveries: `store.webhooks`. */
export class Webhooks implements WebhookDesk {
  readonly #statements: WebhookStatements
  readonly #transactions: Transactions
  readonly #clock: QueueClock
  readonly #sealer: Sealer
  readonly #rules: GuardRules

  constructor(db: Database, transactions: Transactions, clock: QueueClock, safety: WebhookSafety) {
    this.#statements = prepareWebhooks(db)
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
    await inBatches((limit) =>
      this.#transactions.acknowledged(() => {
        const rows = this.#statements.behind.all(last, limit) as WebhookRow[]
        for (const row of rows) if (!this.#reseal(row)) unreadable.push(row.id)
        last = rows.at(-1)?.id ?? last
        return rows.length
      }),
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

  /** One attempt of a hook; undefined when it has none with this id. */
  async delivery(webhookId: number, id: number): Promise<Delivery | undefined> {
    checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER - 1)
    const [newest] = await this.deliveries(webhookId, { before: id + 1, limit: 1 })
    return newest?.id === id ? newest : undefined
  }

  /** Masks the URL of a hook, which may be sealed, for a record. */
  readonly masked = (url: string, hook: number): string => {
    return this.#sealer.opens('url', url, hook)
      ? maskUrl(this.#sealer.open('url', url, hook))
      : MASK
  }

  /** What a delivery sends; undefined when there is none with this id any more. */
  async getDelivery(id: number): Promise<StoredDelivery | undefined> {
    const row = this.#transactions.read(() => this.#statements.delivery.get(id))
    if (row === undefined) return undefined
    const [webhookId, guid, event, action, redelivery, body] = row as DeliveryColumns
    return { webhookId, guid, event, action, redelivery: redelivery === 1, body }
  }

  /** Writes the first version of the record of an attempt; resolves to the id of the record. */
  async beginAttempt(start: AttemptStart): Promise<number> {
    return this.#transactions.repeatable(() => this.begin(start, this.#clock.now()))
  }

  /** As {@link beginAttempt}, inside a transaction. */
  begin(start: AttemptStart, now: number): number {
    const values = { ...start, redelivery: Number(start.redelivery), at: now }
    return Number(this.#statements.beginAttempt.run(values).lastInsertRowid)
  }

  /**
   * Keeps an attempt, and makes it the hook's last response; for use inside a transaction.
   *
   * @param job whose run has made the attempt
   * @returns the hook, if the attempt has disabled it or made it active again
   */
  record(record: DeliveryRecord, job: number, now: number): WebhookChange | undefined {
    const outcome = record.outcome ?? (record.error === null ? 'ok' : 'temporary')
    const values = { ...attemptColumns(record, this.#clock), outcome, job }
    const delivery = this.#statements.endAttempt.get(values) as number | undefined
    if (delivery === undefined) this.#statements.record.run(values)
    else if (outcome === 'ok' && delivery > 0) this.#statements.delivered.run(now, delivery)
    return this.#respond(record, outcome, now)
  }

  /** Ends the records of attempts whose run has ended before them; for use inside a transaction. */
  interrupt(job: number, error: string, now: number): void {
    this.#statements.interrupt.run({ job, error, now })
  }

  #respond(
    record: DeliveryRecord,
    outcome: AttemptOutcome,
    now: number,
  ): WebhookChange | undefined {
    const { webhookId: id, event, error } = record
    const row = this.#statements.health.get(id) as HealthRow | undefined
    if (row === undefined) return undefined
    const before = healthOf(row)
    const after = afterAttempt(before, { outcome, event, error }, now)
    const { active, disabledReason } = after
    const disabledAt = disabledReason === null ? null : (row.disabled_at ?? now)
    const columns = { ...after, active: Number(active), disabledAt, id }
    this.#statements.respond.run({ ...columns, lastResponse: JSON.stringify(lastResponse(record)) })
    return active === before.active ? undefined : { id, disabledReason }
  }

  /**
   * Deletes at most `limit` records from before a moment of the queue; for use inside a
   * transaction.
   */
  prune(before: number, limit: number): number {
    return this.#statements.prune.run(before, limit).changes
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
