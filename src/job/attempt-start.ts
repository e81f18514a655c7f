import { badOption, checkInteger, checkOneOf } from './check.ts'
import { read } from './errors.ts'

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

const TEXTS = ['guid', 'event', 'url'] as const
/** Characters of a text of an {@link AttemptStart}: a URL is the longest of them. */
const MOST_CHARACTERS = 100_000

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkAttemptStart(given: unknown): AttemptStart {
  for (const field of ['job', 'attempt', 'webhookId'] as const) checkPositive(given, field)
  for (const field of TEXTS) checkText(read(given, field), field)
  if (read(given, 'action') !== null) checkText(read(given, 'action'), 'action')
  if (read(given, 'delivery') !== null) checkPositive(given, 'delivery')
  checkOneOf(read(given, 'redelivery'), 'redelivery', [true, false])
  return given as AttemptStart
}

function checkPositive(given: unknown, field: string): void {
  checkInteger(read(given, field), field, 1, Number.MAX_SAFE_INTEGER)
}

function checkText(value: unknown, field: string): void {
  if (typeof value === 'string' && value.length <= MOST_CHARACTERS) return
  throw badOption(field, `a text of at most ${MOST_CHARACTERS} characters`, typeof value)
}
