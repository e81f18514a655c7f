import type { PublishedDelivery, RedeliveryQuery } from '../../job/publication.ts'
import { deliver, subscriber, type Publishing } from './publish.ts'

/** An event whose body is kept, for one hook. */
type Kept = [hook: number, guid: string, event: string, action: string | null]

/** Makes a new delivery of the event of an attempt; `null` if its body or its hook is not kept. */
export function redeliver(publishing: Publishing, attempt: number): PublishedDelivery | null {
  const row = publishing.statements.keptOfAttempt.get(attempt)
  return row === undefined ? null : (again(publishing, row as Kept) ?? null)
}

/** Makes new deliveries of events that were published to a hook before, the oldest first. */
export function redeliverAll(
  publishing: Publishing,
  { hook, from, to, outcome, limit }: Required<RedeliveryQuery>,
): PublishedDelivery[] {
  const { statements } = publishing
  const query = { hook, from, to, limit, outcome }
  const made = statements.keptOfHook.all(query).map((row) => again(publishing, row as Kept))
  return made.filter((one) => one !== undefined)
}

function again(
  publishing: Publishing,
  [id, guid, event, action]: Kept,
): PublishedDelivery | undefined {
  const hook = subscriber(publishing.statements, id)
  // The body is in the store, whatever its size.
  const facts = { guid, event, action, hook: id, json: '', redelivery: true }
  return hook && deliver(publishing, facts, hook)
}
