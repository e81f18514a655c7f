import type { DeliveryRecord } from '../../job/delivery.ts'
import type { Health } from '../rules/disabling.ts'
import type { QueueClock } from '../timeline.ts'
import type { WebhookRow } from './rows.ts'

/** The columns of an attempt, from its record. */
export function attemptColumns(record: DeliveryRecord, clock: Pick<QueueClock, 'timeOf'>) {
  const { responseHeaders, timings, remoteAddress = null, code = null, id = null } = record
  return {
    ...record,
    id,
    code,
    remoteAddress,
    at: clock.timeOf(record.at),
    requestHeaders: JSON.stringify(record.requestHeaders),
    responseHeaders: responseHeaders && JSON.stringify(responseHeaders),
    redelivery: Number(record.redelivery ?? false),
    truncated: Number(record.truncated),
    timings: timings ? JSON.stringify(timings) : null,
  }
}

export type HealthRow = Pick<
  WebhookRow,
  'active' | 'failing_since' | 'failures' | 'disabled_reason' | 'disabled_at'
>

export function healthOf(row: HealthRow): Health {
  return {
    active: row.active === 1,
    failingSince: row.failing_since,
    failures: row.failures,
    disabledReason: row.disabled_reason,
  }
}
