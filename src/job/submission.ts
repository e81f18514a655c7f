import type { BackoffOptions } from './backoff.ts'
import { checkBackoff } from './backoff-check.ts'
import { badOption, checkInteger, checkKeys, checkNumber, shown } from './check.ts'
import { checkDedupeKey, checkGroup } from './names.ts'
import { HelveError } from './errors.ts'
import { groupOf } from './group.ts'
import type { JobOverrides, NewJob } from './job.ts'
import { MAX_DELAY, MAX_KIND_LENGTH, MAX_PRIORITY, NEVER } from './limits.ts'
import { payloadJson } from './payload.ts'
import { checkMaxAttempts, checkTimeout, type Policy } from './policy.ts'

/** The options of a submission, besides its kind and payload. */
export interface EnqueueOptions {
  /**
   * While a job with this key is queued or running, the submission folds into that job, and no new
   * job is made. The payload of the submission replaces the older payload. At most 512 bytes of
   * UTF-8.
   */
  dedupeKey?: string | null
  /**
   * Milliseconds that the job waits at least, unless the submission folds into a job that is due
   * earlier. Not together with `runAt`. @default the kind's, which is 0 unless registered otherwise
   */
  delay?: number
  /** Like `delay`, but as a time: a Date, or epoch milliseconds. Not together with `delay`. */
  runAt?: Date | number
  /**
   * **Lower runs first.** From −1000 to 1000. @default the kind's, which is 0 unless registered
   * otherwise
   */
  priority?: number
  /**
   * Attempts in all, the first included. @default the kind's, which is 5 unless registered
   * otherwise
   */
  maxAttempts?: number
  /** @default the kind's */
  backoff?: BackoffOptions
  /**
   * Milliseconds that a run may take. @default the kind's, which is 600000 unless registered
   * otherwise
   */
  timeout?: number
  /**
   * Jobs of a kind with the same group share its `groupConcurrency` and `groupRate`. A submission
   * that folds into a job does not change the group of the job. @default what the kind's `group`
   * says
   */
  group?: string | null
}

/** The names of {@link EnqueueOptions}. */
export const ENQUEUE_KEYS = [
  'dedupeKey',
  'delay',
  'runAt',
  'priority',
  'maxAttempts',
  'backoff',
  'timeout',
  'group',
]
/** The options of a kind for submissions that do not set them. */
export type SubmissionDefaults = Partial<Pick<Policy, 'priority' | 'delay' | 'group'>>

const KIND = /^[A-Za-z][A-Za-z0-9_.:-]*$/
const NO_OPTIONS = {}

/** The present, as a moment of the queue and as wall time. */
export interface Moment {
  now: number
  /** Epoch milliseconds. */
  wall: number
}

/**
 * Checks a submission, and makes a {@link NewJob} of it. Every submission passes here, from any
 * producer, in any process or thread.
 *
 * @param defaults the options of its kind; undefined where the producer does not know the kind
 * @throws HelveError `HELVE_ERR_KIND`, `_PAYLOAD`, `_PAYLOAD_TOO_LARGE`, `_DEDUPE_KEY`, `_OPTION`
 */
export function newJob(
  kind: unknown,
  payload: unknown,
  given: unknown,
  { now, wall }: Moment,
  defaults?: SubmissionDefaults,
): NewJob {
  const options = (given ?? NO_OPTIONS) as EnqueueOptions
  if (options !== NO_OPTIONS) checkKeys(options, 'options', ENQUEUE_KEYS)
  const { priority = defaults?.priority } = options
  const { runAt, wallAt } = timesOf(options, now, wall, defaults?.delay)
  return {
    kind: checkKind(kind),
    payload: payloadJson(payload),
    dedupeKey: checkDedupeKey(options.dedupeKey),
    priority:
      priority === undefined ? 0 : checkInteger(priority, 'priority', -MAX_PRIORITY, MAX_PRIORITY),
    runAt,
    wallAt,
    maxAttempts: options.maxAttempts === undefined ? null : checkMaxAttempts(options.maxAttempts),
    overrides: overridesOf(options),
    group:
      options.group === undefined
        ? defaults && groupOf(defaults.group, payload)
        : checkGroup(options.group),
  }
}

/** @throws HelveError `HELVE_ERR_KIND` */
export function checkKind(kind: unknown): string {
  if (typeof kind !== 'string') throw badKind('a string', kind)
  if (kind.length > MAX_KIND_LENGTH) {
    throw badKind(`at most ${MAX_KIND_LENGTH} characters`, `${kind.length}`)
  }
  // Every handlers object would seem to have a kind that is named like a property of
  // Object.prototype.
  if (!KIND.test(kind) || kind in Object.prototype) {
    throw badKind('a letter, then letters, digits and _ . : -', kind)
  }
  return kind
}

function badKind(expected: string, came: unknown): HelveError {
  return new HelveError('HELVE_ERR_KIND', `kind: expected ${expected}, got ${shown(came)}`)
}

/**
 * A delay passes on the queue's own timeline. A `runAt` follows the wall clock, also when somebody
 * sets the clock.
 */
function timesOf(
  { delay, runAt }: EnqueueOptions,
  now: number,
  wall: number,
  usual = 0,
): Pick<NewJob, 'runAt' | 'wallAt'> {
  if (runAt === undefined) {
    const wait = checkNumber(delay === undefined ? usual : delay, 'delay', 0, MAX_DELAY)
    return { runAt: Math.ceil(now + wait), wallAt: null }
  }
  if (delay !== undefined) {
    throw new HelveError('HELVE_ERR_OPTION', 'delay: expected either delay or runAt, got both')
  }
  const at = runAt instanceof Date ? runAt.getTime() : runAt
  if (typeof at !== 'number' || !(at >= 0 && at <= wall + MAX_DELAY)) {
    throw badOption('runAt', 'a Date or epoch milliseconds, a year ahead at most', runAt)
  }
  if (at > wall) return { runAt: NEVER, wallAt: Math.ceil(at) }
  return { runAt: Math.ceil(now - (wall - at)), wallAt: null }
}

function overridesOf({ backoff, timeout }: EnqueueOptions): JobOverrides | null {
  if (backoff === undefined && timeout === undefined) return null
  return {
    ...(backoff === undefined ? {} : { backoff: checkBackoff(backoff) }),
    ...(timeout === undefined ? {} : { timeout: checkTimeout(timeout) }),
  }
}
