import { badOption, checkInteger, checkOneOf } from './check.ts'
import { read } from './errors.ts'
import { isGuid } from './guid.ts'
import { checkAction } from './publication.ts'
import { checkEventName } from './webhook.ts'

/** The attempt that a run is about to make. */
export interface AttemptStart {
  /** The job. */
  job: number
  /** Counts the attempts of the delivery; 1 is the first. */
  attempt: number
  webhookId: number
  guid: string
  event: string
  action: string | null
  redelivery: boolean
  /** The delivery; `null` for a job that a host has enqueued by itself. */
  delivery: number | null
  /** The URL of the hook, with its secret parts masked. */
  url: string
}

/** The facts of an event that an attempt sends. */
type EventFacts = Pick<AttemptStart, 'guid' | 'event' | 'action' | 'redelivery'>

/** The attempt that a run wants to make. */
export interface AttemptOpening extends Pick<
  AttemptStart,
  'job' | 'attempt' | 'webhookId' | 'delivery'
> {
  /** The event of a job that a host has enqueued by itself; `null` for a published delivery. */
  about: EventFacts | null
}

/**
 * Checks what a thread has reported; leaves out what is no field of it.
 *
 * @throws HelveError `HELVE_ERR_OPTION`
 */
export function checkOpening(given: unknown): AttemptOpening {
  for (const field of ['job', 'attempt', 'webhookId'] as const) checkPositive(given, field)
  if (read(given, 'delivery') !== null) checkPositive(given, 'delivery')
  const { job, attempt, webhookId, delivery, about } = given as AttemptOpening
  return { job, attempt, webhookId, delivery, about: delivery === null ? checkAbout(about) : null }
}

function checkAbout(given: unknown): EventFacts {
  if (!isGuid(read(given, 'guid'))) throw badOption('guid', 'a UUID', read(given, 'guid'))
  checkEventName(read(given, 'event'), 'event')
  checkAction(read(given, 'action'))
  checkOneOf(read(given, 'redelivery'), 'redelivery', [true, false])
  const { guid, event, action, redelivery } = given as EventFacts
  return { guid, event, action, redelivery }
}

function checkPositive(given: unknown, field: string): void {
  checkInteger(read(given, field), field, 1, Number.MAX_SAFE_INTEGER)
}
