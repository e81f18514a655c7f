import { HelveError } from '../../job/errors.ts'
import { toJobError } from '../../job/failure.ts'
import type { Settle, SettleResult } from '../turn.ts'

// A part of a turn that fails by itself must not stop the others: it is undone and named.

/** How a store does a part of a turn by itself. */
export interface Apart<Part> {
  /** Whether each part of the turn is undone by itself if it fails. */
  isCareful: boolean
  /** Runs a part, which is undone by itself when it throws. */
  part<T>(body: (part: Part) => T): T
  /** Whether the store itself fails, and not what was to be written. */
  isOfTheStore(error: unknown): boolean
  /** Whether the store refuses a value, such as a field of a delivery record. */
  isOfAValue(error: unknown): boolean
}

/**
 * Settles a claim by itself. If a follow-up or a delivery record is refused, nothing of the settle is
 * written, and the job is still `running`. If its ending cannot be written, the job is dead.
 *
 * @param setAside makes the job dead for a reason; false if the claim is not owned
 */
export function settleApart<Part>(
  apart: Apart<Part>,
  one: Settle,
  settle: (part: Part) => SettleResult | undefined,
  setAside: (reason: string) => boolean,
): SettleResult | undefined {
  try {
    return apart.part(settle)
  } catch (error) {
    const rides = one.followUps.length + one.deliveries.length > 0
    const refused = rides ? refusal(apart, error) : undefined
    if (refused !== undefined) return { state: 'running', refused, rerun: false, followUps: [] }
    if (!apart.isCareful || apart.isOfTheStore(error)) throw error
    const reason = `its ending could not be written: ${toJobError(error).message}`
    if (!setAside(reason)) return undefined
    const why = new HelveError('HELVE_ERR_STORE_CORRUPT', `job ${one.job.id}: ${reason}`)
    return { state: 'dead', setAside: why, rerun: false, followUps: [] }
  }
}

/** Does a part by itself; an error stands for one that is refused. */
export function doApart<Part, T>(apart: Apart<Part>, body: (part: Part) => T): T | HelveError {
  try {
    return apart.part(body)
  } catch (error) {
    if (error instanceof HelveError) return error
    if (!apart.isCareful || apart.isOfTheStore(error)) throw error
    return notTaken('file: it cannot take this: ', error)
  }
}

/** The items of which a part comes true. One that fails is left out, and undone. */
export function eachApart<Part, Item>(
  apart: Apart<Part>,
  items: readonly Item[],
  body: (part: Part, item: Item) => boolean,
): Set<Item> {
  return new Set(items.filter((item) => doApart(apart, (part) => body(part, item)) === true))
}

/** What the store has against an ending itself, and not against the transaction as a whole. */
function refusal<Part>(apart: Apart<Part>, error: unknown): HelveError | undefined {
  if (error instanceof HelveError) return error
  if (!apart.isOfAValue(error)) return undefined
  return notTaken('delivery: expected a record, got one with ', error)
}

function notTaken(problem: string, cause: unknown): HelveError {
  const message = problem + toJobError(cause).message
  return new HelveError('HELVE_ERR_OPTION', message, { cause })
}
