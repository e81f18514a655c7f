import type { Trip } from './breaker.ts'
import { badOption, checkInteger, checkNumber, checkOneOf } from './check.ts'
import { checkDelivery, type DeliveryRecord } from './delivery.ts'
import { read } from './errors.ts'
import type { JobError, NewJob } from './job.ts'
import {
  MAX_DELAY,
  MAX_EFFECT_BYTES,
  MAX_EFFECTS,
  MAX_ERROR_BYTES,
  MAX_PAYLOAD_BYTES,
  MAX_PRIORITY,
  MAX_REASON_LENGTH,
  MAX_RESULT_BYTES,
} from './limits.ts'
import { checkDedupeKey, checkGroup } from './names.ts'
import type { HandlerOutcome } from './outcome.ts'
import { checkSize } from './payload.ts'
import { checkPublication, type NewPublication } from './publication.ts'
import { checkBackoff } from './backoff-check.ts'
import { checkMaxAttempts, checkTimeout } from './policy.ts'
import { checkKind } from './submission.ts'

/** Most bytes of a reported error in JSON, with its causes, errors and fields. */
const MAX_REPORTED_BYTES = 32 * MAX_ERROR_BYTES

/**
 * Checks an outcome that a thread has reported: every field is there, and within its bounds.
 *
 * @throws HelveError that names the field, the expected value and the given value
 */
export function checkOutcome(value: unknown): HandlerOutcome {
  const outcome = value as HandlerOutcome
  checkOneOf(read(value, 'type'), 'type', ['completed', 'failed', 'snoozed', 'held'])
  checkList(outcome.deliveries, 'deliveries')
  outcome.deliveries.forEach((delivery: DeliveryRecord) => checkDelivery(delivery))
  if (outcome.trip !== undefined) checkTrip(outcome.trip)
  if (outcome.type === 'failed') return checkFailed(outcome)
  if (outcome.type === 'held') return checkHeld(outcome)
  checkList(outcome.followUps, 'followUps')
  outcome.followUps.forEach(checkFollowUp)
  const bytes = outcome.followUps.reduce((sum, { payload }) => sum + Buffer.byteLength(payload), 0)
  checkNumber(bytes, 'bytes of followUps', 0, MAX_EFFECT_BYTES)
  if (outcome.publications !== undefined) checkPublications(outcome.publications)
  if (outcome.type === 'snoozed') checkNumber(outcome.delay, 'delay', 0, MAX_DELAY)
  else if (outcome.result !== undefined) {
    checkSize(checkText(outcome.result, 'result'), 'result', MAX_RESULT_BYTES)
  }
  return outcome
}

function checkPublications(publications: NewPublication[]): void {
  checkList(publications, 'publications')
  publications.forEach(checkPublication)
  const bytes = publications.reduce((sum, { json = '' }) => sum + Buffer.byteLength(json), 0)
  checkNumber(bytes, 'bytes of publications', 0, MAX_EFFECT_BYTES)
}

function checkTrip(trip: Trip): void {
  checkInteger(read(trip, 'delay'), 'trip.delay', 0, MAX_DELAY)
  const reason = checkText(read(trip, 'reason'), 'trip.reason')
  checkNumber(reason.length, 'trip.reason.length', 0, MAX_REASON_LENGTH)
}

/** Leaves out what no failed run takes along, such as follow-ups, which nobody has checked. */
function checkFailed(outcome: Extract<HandlerOutcome, { type: 'failed' }>): HandlerOutcome {
  const { type, error, permanent, retryAt, deliveries, trip } = outcome
  const unreachable = outcome.unreachable === true
  checkError(error)
  checkOneOf(permanent, 'permanent', [true, false])
  if (retryAt !== undefined) checkNumber(retryAt, 'retryAt', 0, Number.MAX_SAFE_INTEGER)
  return {
    ...{ type, error, permanent, retryAt, deliveries },
    ...(unreachable && { unreachable }),
    ...(trip && { trip }),
  }
}

/** A run that is held without a wait could be claimed and held without end. */
function checkHeld({ type, deliveries, trip }: Extract<HandlerOutcome, { type: 'held' }>) {
  checkTrip(trip)
  checkInteger(trip.delay, 'trip.delay', 1, MAX_DELAY)
  return { type, deliveries, trip }
}

function checkError(error: JobError): void {
  checkText(read(error, 'name'), 'error.name')
  checkText(read(error, 'message'), 'error.message')
  const { stack, code } = error
  if (stack !== undefined) checkText(stack, 'error.stack')
  if (code !== undefined) checkText(code, 'error.code')
  checkSize(jsonOf(error), 'error', MAX_REPORTED_BYTES)
}

function jsonOf(error: JobError): string {
  try {
    return JSON.stringify(error)
  } catch {
    throw badOption('error', 'JSON', 'something else')
  }
}

function checkFollowUp(value: NewJob): void {
  checkKind(read(value, 'kind'))
  const { payload, dedupeKey, priority, group, runAt, wallAt, maxAttempts, overrides } = value
  checkSize(checkText(payload, 'payload'), 'payload', MAX_PAYLOAD_BYTES)
  checkDedupeKey(dedupeKey)
  checkInteger(priority, 'priority', -MAX_PRIORITY, MAX_PRIORITY)
  checkGroup(group)
  // Counts from the end of the run; negative for a time that had passed when the handler enqueued.
  checkNumber(runAt, 'runAt', -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER)
  if (wallAt !== null) checkNumber(wallAt, 'wallAt', 0, Number.MAX_SAFE_INTEGER)
  if (maxAttempts !== null) checkMaxAttempts(maxAttempts)
  if (overrides === null) return
  if (typeof overrides !== 'object') throw badOption('overrides', 'an object or null', overrides)
  const { backoff, timeout } = overrides
  if (backoff !== undefined) checkBackoff(backoff)
  if (timeout !== undefined) checkTimeout(timeout)
}

function checkText(value: unknown, field: string): string {
  if (typeof value === 'string') return value
  throw badOption(field, 'a string', value)
}

function checkList(value: unknown, field: string): void {
  if (!Array.isArray(value)) throw badOption(field, 'an array', value)
  checkNumber(value.length, `${field}.length`, 0, MAX_EFFECTS)
}
