import type { AttemptOpening, AttemptStart } from './attempt-start.ts'
import { isWanted, type Webhook } from './delivery.ts'
import { maskUrl } from './mask-url.ts'
import type { StoredDelivery } from './publication.ts'

/** What an attempt sends, to which hook, and its record. */
export interface OpenedAttempt {
  /** The hook as it is now; undefined when there is none with this id. */
  hook: Webhook | undefined
  /** The delivery that a publication has made; undefined when there is none with this id any more. */
  stored: StoredDelivery | undefined
  /** The id of the record; undefined when there is nothing to send, or nobody keeps records. */
  record: number | undefined
}

/** What opening an attempt needs. */
interface Opener {
  getWebhook(id: number): Promise<Webhook | undefined>
  getDelivery(id: number): Promise<StoredDelivery | undefined>
  /** Lets the run into the endpoint of the hook; rejects when the endpoint takes no run in. */
  enter(endpoint: string): Promise<void>
  begin(start: AttemptStart): Promise<number | undefined>
}

/**
 * Reads what an attempt is to send, enters the origin of the hook, and begins the record of the
 * attempt. An attempt that is held has no record, and neither has one with nothing to send.
 */
export async function openAttempt(opening: AttemptOpening, opener: Opener): Promise<OpenedAttempt> {
  const { job, attempt, webhookId, delivery } = opening
  const [hook, stored] = await Promise.all([
    opener.getWebhook(webhookId),
    delivery === null ? undefined : opener.getDelivery(delivery),
  ])
  const about = delivery === null ? opening.about : stored
  const isOwn = delivery === null || stored?.webhookId === webhookId
  const nothing = { hook, stored, record: undefined }
  if (hook === undefined || !about || !isOwn || !isWanted(hook, about.event)) return nothing
  if (URL.canParse(hook.url)) await opener.enter(new URL(hook.url).origin)
  const { guid, event, action, redelivery } = about
  const record = await opener.begin({
    ...{ job, attempt, webhookId, delivery, guid, event, action, redelivery },
    url: maskUrl(hook.url),
  })
  return { hook, stored, record }
}
