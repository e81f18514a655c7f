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

/** Characters of a URL. */
const MOST_CHARACTERS = 100_000

/**
 * Checks the start that a thread has reported; leaves out what is no field of it.
 *
 * @throws HelveError `HELVE_ERR_OPTION`
 */
export function checkAttemptStart(given: unknown): AttemptStart {
  for (const field of ['job', 'attempt', 'webhookId'] as const) checkPositive(given, field)
  if (!isGuid(read(given, 'guid'))) throw badOption('guid', 'a UUID', read(given, 'guid'))
  checkEventName(read(given, 'event'), 'event')
  checkAction(read(given, 'action'))
  checkUrl(read(given, 'url'))
  if (read(given, 'delivery') !== null) checkPositive(given, 'delivery')
  checkOneOf(read(given, 'redelivery'), 'redelivery', [true, false])
  const { job, attempt, webhookId, guid, event, action, redelivery, delivery, url } =
    given as AttemptStart
  return { job, attempt, webhookId, guid, event, action, redelivery, delivery, url }
}

function checkPositive(given: unknown, field: string): void {
  checkInteger(read(given, field), field, 1, Number.MAX_SAFE_INTEGER)
}

function checkUrl(url: unknown): void {
  if (typeof url === 'string' && url.length <= MOST_CHARACTERS) return
  throw badOption('url', `a text of at most ${MOST_CHARACTERS} characters`, typeof url)
}
