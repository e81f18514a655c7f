import { badOption, checkInteger, checkKeys, checkNumber, checkOneOf } from '../job/check.ts'
import type { AttemptOutcome, DeliveryRecord } from '../job/delivery.ts'
import { isGuid } from '../job/guid.ts'
import { checkEventName } from '../job/webhook.ts'

/** Which records of deliveries to list. The conditions add up. */
export interface DeliveryQuery {
  /** The id of a webhook. */
  hook?: number
  /** All attempts of one event, for all hooks. */
  guid?: string
  /** The name of an event, such as `push`. */
  event?: string
  /**
   * How the attempt ended. `failed` stands for every end but `ok`, and `open` for an attempt that
   * goes on.
   */
  outcome?: AttemptOutcome | 'failed' | 'open'
  /** Epoch milliseconds: only attempts that started then or later. */
  from?: number
  /** Epoch milliseconds: only attempts that started before. */
  to?: number
  /** The `next` of the page before. @default the newest record */
  before?: number
  /** Records of a page, 1000 at most. @default 30 */
  limit?: number
}

/** One attempt, as a list shows it. */
export type Delivery = DeliveryRecord & { id: number }

/** A page of records, the newest first. */
export interface DeliveryPage {
  deliveries: Delivery[]
  /**
   * The `before` of the next page; undefined at the end. A page may be short, or empty, and have a
   * next page: it ends after 10,000 records that the query has looked at, or 4 MiB of bodies.
   */
  next: number | undefined
}

/** Records that one page looks at: SQLite takes some milliseconds for them. */
export const MOST_EXAMINED = 10_000

const OUTCOMES: NonNullable<DeliveryQuery['outcome']>[] = [
  ...(['ok', 'temporary', 'throttled', 'configuration', 'gone', 'never sent'] as const),
  ...(['interrupted', 'failed', 'open'] as const),
]

/** A query, checked; `null` stands for a condition that was not given. */
export interface CheckedDeliveryQuery {
  hook: number | null
  guid: string | null
  event: string | null
  outcome: DeliveryQuery['outcome'] | null
  from: number | null
  to: number | null
  before: number
  limit: number
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkDeliveryQuery(query: DeliveryQuery): CheckedDeliveryQuery {
  const keys = ['hook', 'guid', 'event', 'outcome', 'from', 'to', 'before', 'limit']
  checkKeys(query, 'query', keys)
  const { hook, guid, event, outcome, from, to, before = Number.MAX_SAFE_INTEGER } = query
  if (guid !== undefined && !isGuid(guid)) throw badOption('guid', 'a UUID', guid)
  if (event !== undefined) checkEventName(event, 'event')
  return {
    hook: hook === undefined ? null : checkInteger(hook, 'hook', 1, Number.MAX_SAFE_INTEGER),
    guid: guid?.toLowerCase() ?? null,
    event: event ?? null,
    outcome: outcome === undefined ? null : checkOneOf(outcome, 'outcome', OUTCOMES),
    from: from === undefined ? null : checkNumber(from, 'from', 0, Number.MAX_SAFE_INTEGER),
    to: to === undefined ? null : checkNumber(to, 'to', 0, Number.MAX_SAFE_INTEGER),
    before: checkInteger(before, 'before', 1, Number.MAX_SAFE_INTEGER),
    limit: checkInteger(query.limit ?? 30, 'limit', 1, 1_000),
  }
}
