import type { NewJob } from '../../job/job.ts'
import type { NewPublication, NotSent } from '../../job/publication.ts'

/** The kind of the jobs that deliver. */
export const DELIVERY_KIND = 'deliver_webhook'
/** Deliveries of one hook that may wait at a time. */
export const MOST_WAITING = 10_000

/** A webhook of one of the targets, as far as an event is concerned. */
export interface Subscriber {
  id: number
  /** As the store keeps the URL. */
  url: string
  /** Event names; `*` stands for all. */
  events: readonly string[]
  active: boolean
}

/** Whether a webhook wants an event. */
export function subscribes({ id, events }: Subscriber, { event, hook }: NewPublication): boolean {
  return hook === undefined ? events.includes(event) || events.includes('*') : hook === id
}

/**
 * Why a delivery is not sent; `null` for one that is. A ping is sent to an inactive hook too,
 * because a ping that succeeds makes a disabled hook active again.
 *
 * @param waiting counts the deliveries of the hook that wait, up to {@link MOST_WAITING}
 */
export function notSent(
  { json, hook, event }: Pick<NewPublication, 'json' | 'hook' | 'event'>,
  { active }: Subscriber,
  waiting: () => number,
): NotSent | null {
  if (!active && (hook === undefined || event !== 'ping')) return 'inactive'
  if (json === undefined) return 'too large'
  return waiting() >= MOST_WAITING ? 'backlog' : null
}

const REASONS: Record<NotSent, string> = {
  inactive: 'the hook is inactive',
  'too large': 'the body has more than 25 MB',
  backlog: `${MOST_WAITING} deliveries of the hook wait already`,
}

/** The reason in words, for the record. */
export function reasonOf(reason: NotSent): string {
  return `not sent: ${REASONS[reason]}`
}

/**
 * The job that delivers. Its group is the hook's, as \`deliverWebhookPolicy\` says.
 *
 * @param maxAttempts \`null\` leaves the number to the kind
 */
export function deliveryJob(
  delivery: number,
  hook: number,
  { event, now, maxAttempts }: { event: string; now: number; maxAttempts: number | null },
): NewJob {
  return {
    kind: DELIVERY_KIND,
    payload: JSON.stringify({ webhook_pk: hook, event, delivery }),
    dedupeKey: null,
    priority: 0,
    runAt: now,
    wallAt: null,
    maxAttempts,
    overrides: null,
    group: String(hook),
  }
}
