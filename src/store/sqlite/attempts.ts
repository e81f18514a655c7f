import type { Database } from 'better-sqlite3'
import type { AttemptStart } from '../../job/attempt-start.ts'
import { badOption } from '../../job/check.ts'
import {
  lastResponse,
  type AttemptOutcome,
  type DeliveryRecord,
  type WebhookChange,
} from '../../job/delivery.ts'
import type { StoredDelivery } from '../../job/publication.ts'
import type { CheckedDeliveryQuery, DeliveryPage } from '../delivery-query.ts'
import { afterAttempt } from '../rules/disabling.ts'
import type { QueueClock } from '../timeline.ts'
import { attemptColumns, healthOf, type HealthRow } from './attempt-columns.ts'
import { listDeliveries } from './list-deliveries.ts'
import { prepareAttempts, type AttemptStatements } from './statements/attempts.ts'
import { prepareHealth, type HealthStatements } from './statements/webhooks.ts'
import type { Transactions } from './transactions.ts'

type DeliveryColumns = [
  webhookId: number,
  guid: string,
  event: string,
  action: string | null,
  redelivery: number,
  body: Uint8Array,
]

/** The records of the attempts of deliveries. */
export class Attempts {
  readonly #statements: AttemptStatements & HealthStatements
  readonly #transactions: Transactions
  readonly #clock: QueueClock

  constructor(db: Database, transactions: Transactions, clock: QueueClock) {
    this.#statements = { ...prepareAttempts(db), ...prepareHealth(db) }
    this.#transactions = transactions
    this.#clock = clock
  }

  list(query: CheckedDeliveryQuery): DeliveryPage {
    return this.#transactions.read(() => listDeliveries(this.#statements, query, this.#clock))
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
    return this.#transactions.repeatable(() => this.#begin(start, this.#clock.now()))
  }

  /**
   * As {@link beginAttempt}, for a run of a thread, and inside a transaction. The end of the run ends
   * the record at the latest, so that a run that is over begins none.
   *
   * @throws HelveError `HELVE_ERR_OPTION`
   */
  begin(start: AttemptStart, now: number): number {
    const { job } = start
    if (this.#statements.isRunning.get(job) !== undefined) return this.#begin(start, now)
    throw badOption('job', 'a job that runs', job)
  }

  /** A run has one open record at a time. */
  #begin(start: AttemptStart, now: number): number {
    const { job, delivery, guid, webhookId } = start
    const { isOf } = this.#statements
    if (delivery !== null && isOf.get({ delivery, webhookId, guid }) === undefined) {
      throw badOption('delivery', `a delivery of the event to webhook ${webhookId}`, delivery)
    }
    this.interrupt(job, 'the run has begun another attempt', now)
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

  /** Jobs whose run has begun an attempt that has not ended; for use inside a transaction. */
  get attempting(): ReadonlySet<number> {
    return new Set(this.#statements.open.all().map(([job]) => job as number))
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
}
