import type { PublishedDelivery, RedeliveryQuery } from '../../job/publication.ts'
import { addJob, type Publishing } from './publish.ts'

/** One attempt: whoever asks for a delivery by hand looks at the result. */
const ONE_ATTEMPT = 1

/** An event whose body is kept, for one hook. */
type Kept = [hook: number, guid: string, event: string]

/** Makes a new delivery of the event of an attempt; `null` if its body is not kept. */
export function redeliver(publishing: Publishing, attempt: number): PublishedDelivery | null {
  const row = publishing.statements.keptOfAttempt.get(attempt)
  return row === undefined ? null : again(publishing, row as Kept)
}

/** Makes new deliveries of events that were published to a hook before, the oldest first. */
export function redeliverAll(
  publishing: Publishing,
  { hook, from, to, outcome, limit }: Required<RedeliveryQuery>,
): PublishedDelivery[] {
  const { statements } = publishing
  const query = { hook, from, to, limit, outcome }
  return statements.keptOfHook.all(query).map((row) => again(publishing, row as Kept))
}

function again(publishing: Publishing, [webhookId, guid, event]: Kept): PublishedDelivery {
  const { statements, now } = publishing
  const values = { webhookId, guid, redelivery: 1, now, reason: null }
  const id = Number(statements.insertDelivery.run(values).lastInsertRowid)
  addJob(publishing, id, webhookId, { event, maxAttempts: ONE_ATTEMPT })
  return { id, webhookId, notSent: null }
}
