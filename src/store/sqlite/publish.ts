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
  const deliveries = hooks.map((hook) => deliver(publishing, publication, hook))
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
  const hooks = rows.map((row): Subscriber => {
    const [id, url, events, active] = row as [number, string, string, number]
    return { id, url, events: JSON.parse(events) as string[], active: active === 1 }
  })
  return hooks.filter((one) => subscribes(one, publication))
}

function deliver(
  publishing: Publishing,
  publication: NewPublication,
  hook: Subscriber,
): PublishedDelivery {
  const { statements, now } = publishing
  const { guid, event, action } = publication
  const waiting = (): number =>
    statements.waiting.get(DELIVERY_KIND, String(hook.id), MOST_WAITING) as number
  const reason = notSent(publication, hook, waiting)
  const values = { webhookId: hook.id, guid, redelivery: 0, now, reason }
  const id = Number(statements.insertDelivery.run(values).lastInsertRowid)
  if (reason === null) {
    addJob(publishing, id, hook.id, {
      event,
      maxAttempts: publication.hook === undefined ? null : 1,
    })
  } else {
    const about = { webhookId: hook.id, guid, event, action, delivery: id, now }
    const url = publishing.masked(hook.url, hook.id)
    statements.insertNotSent.run({ ...about, url, error: reasonOf(reason) })
  }
  return { id, webhookId: hook.id, notSent: reason }
}

/** Makes the job that sends a delivery. */
export function addJob(
  publishing: Publishing,
  delivery: number,
  hook: number,
  about: { event: string; maxAttempts: number | null },
): void {
  const { statements, now } = publishing
  const job = enqueue(publishing, deliveryJob(delivery, hook, { ...about, now }))
  statements.setDeliveryJob.run(job.id, delivery)
}
