import type {
  NewPublication,
  NotSent,
  Published,
  PublishedDelivery,
} from '../../job/publication.ts'
import {
  DELIVERY_KIND,
  deliveryJob,
  MOST_WAITING,
  notSent,
  reasonOf,
  subscribes,
  type Subscriber,
} from '../rules/fan-out.ts'
import { enqueue, type Writing } from './enqueue.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { PublicationStatements } from './statements/publications.ts'

/** Whoever asks for a delivery by hand looks at the result. */
const ONE_ATTEMPT = 1

/** What a publication is written with. */
export interface Publishing extends Writing {
  statements: EnqueueStatements & PublicationStatements
  /** Masks the URL of a hook for a record. */
  masked: (url: string, hook: number) => string
}

/**
 * Writes an event once, its body once, and one delivery with its job for each hook that wants the
 * event. An event that is there already makes nothing new.
 */
export function publish(publishing: Publishing, publication: NewPublication): Published {
  const { statements, now } = publishing
  const { guid, event, action, hash, json } = publication
  const { changes } = statements.insertEvent.run({ guid, event, action, hash, now })
  if (changes === 0) return { guid, isNew: false, deliveries: published(statements, guid) }
  const hooks = subscribers(statements, publication)
  const deliveries = hooks.map((hook) =>
    deliver(publishing, { ...publication, redelivery: false }, hook),
  )
  // Also for hooks that are not sent the event now: they may be sent it later, by hand.
  if (json !== undefined && deliveries.length > 0) statements.insertBody.run(hash, json)
  return { guid, isNew: true, deliveries }
}

function published(statements: PublicationStatements, guid: string): PublishedDelivery[] {
  return statements.deliveriesOfEvent.all(guid).map((row) => {
    const [id, webhookId, reason] = row as [number, number, NotSent | null]
    return { id, webhookId, notSent: reason }
  })
}

/** The hooks that want the event; a hook belongs to one target at most. */
function subscribers(statements: PublicationStatements, publication: NewPublication): Subscriber[] {
  const { hook, targets } = publication
  const rows =
    hook === undefined
      ? targets.flatMap((target) => statements.subscribers.all(target))
      : statements.subscriber.all(hook)
  return rows.map(subscriberOf).filter((one) => subscribes(one, publication))
}

function subscriberOf(row: unknown): Subscriber {
  const [id, url, events, active] = row as [number, string, string, number]
  return { id, url, events: JSON.parse(events) as string[], active: active === 1 }
}

/** What one delivery of an event is about. */
interface DeliveryFacts extends Pick<
  NewPublication,
  'guid' | 'event' | 'action' | 'hook' | 'json'
> {
  redelivery: boolean
}

/** Writes a delivery, with its job or with the record why the delivery is not sent. */
export function deliver(
  publishing: Publishing,
  facts: DeliveryFacts,
  hook: Subscriber,
): PublishedDelivery {
  const { statements, now } = publishing
  const { guid, event, action, redelivery } = facts
  const waiting = (): number =>
    statements.waiting.get(DELIVERY_KIND, String(hook.id), MOST_WAITING) as number
  const reason = notSent(facts, hook, waiting)
  const values = { webhookId: hook.id, guid, redelivery: Number(redelivery), now, reason }
  const id = Number(statements.insertDelivery.run(values).lastInsertRowid)
  if (reason === null) {
    const maxAttempts = facts.hook === undefined ? null : ONE_ATTEMPT
    const job = enqueue(publishing, deliveryJob(id, hook.id, { event, now, maxAttempts }))
    statements.setDeliveryJob.run(job.id, id)
  } else {
    const about = { webhookId: hook.id, guid, event, action, delivery: id, now }
    const url = publishing.masked(hook.url, hook.id)
    const record = { ...about, url, redelivery: Number(redelivery), error: reasonOf(reason) }
    statements.insertNotSent.run(record)
  }
  return { id, webhookId: hook.id, notSent: reason }
}

/** The hook with an id; undefined when there is none any more. */
export function subscriber(statements: PublicationStatements, id: number): Subscriber | undefined {
  return statements.subscriber.all(id).map(subscriberOf).at(0)
}
