import type { QueueClock } from '../timeline.ts'
import {
  MOST_EXAMINED,
  type CheckedDeliveryQuery,
  type Delivery,
  type DeliveryPage,
} from '../delivery-query.ts'
import { PageRoom } from '../page-room.ts'
import { delivery, type DeliveryRow } from './rows.ts'
import type { AttemptStatements } from './statements/attempts.ts'

/** Reads one page, through the index that fits the query best. */
export function listDeliveries(
  statements: AttemptStatements,
  query: CheckedDeliveryQuery,
  clock: QueueClock,
): DeliveryPage {
  const { from, to } = query
  const times = { from: from && clock.timeOf(from), to: to && clock.timeOf(to) }
  const { list, floor: floorOf } = statementsOf(statements, query)
  const floor = floorOf.get({ ...query, most: MOST_EXAMINED - 1 }) as number | undefined
  const rows = list.iterate({ ...query, ...times, floor: floor ?? 0 }) as Iterable<DeliveryRow>
  const [deliveries, room] = [[] as Delivery[], new PageRoom()]
  for (const row of rows) {
    if (!room.take(sizeOf(row))) return { deliveries, next: deliveries.at(-1)!.id }
    deliveries.push(delivery(row, clock))
  }
  const isFull = deliveries.length === query.limit
  return { deliveries, next: isFull ? deliveries.at(-1)!.id : floor }
}

function statementsOf(statements: AttemptStatements, { hook, guid }: CheckedDeliveryQuery) {
  const { deliveries, deliveriesOfHook, deliveriesOfGuid } = statements
  if (guid !== null) return { list: deliveriesOfGuid, floor: statements.floorOfGuid }
  if (hook !== null) return { list: deliveriesOfHook, floor: statements.floorOfHook }
  return { list: deliveries, floor: statements.floor }
}

function sizeOf({ request_body: own, published, response_body: response }: DeliveryRow): number {
  return own.length + (published?.length ?? 0) + (response?.length ?? 0)
}
