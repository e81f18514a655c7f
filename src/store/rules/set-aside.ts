import { HelveError } from '../../job/errors.ts'
import { toJobError } from '../../job/failure.ts'
import type { Settle, SettleResult } from '../turn.ts'
import { hasEffects } from './settle-all.ts'

// One failing part of a turn must not stop the other parts: the store undoes that part alone, and
// the result names it.

/** How a store runs one part of a turn apart from the others. */
export interface Apart<Part> {
  /** Whether each part of the turn that fails is undone alone. */
  isCareful: boolean
  /** Runs a part; if the part throws, the store undoes that part alone. */
  part<T>(body: (part: Part) => T): T
  /** Whether the error is a failure of the store itself, and not of the data to write. */
  isOfTheStore(error: unknown): boolean
  /** Whether the store refuses a value, such as a field of a delivery record. */
  isOfAValue(error: unknown): boolean
}

/**
 * Settles a claim apart from other claims. If a follow-up or a delivery record is refused, nothing
 * of the settle is written, and the job is still `running`. If the ending cannot be written, the
 * job is dead.
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
    const refused = hasEffects(one) ? refusal(apart, error) : undefined
    if (refused !== undefined) return { state: 'running', refused, rerun: false, followUps: [] }
    if (!apart.isCareful || apart.isOfTheStore(error)) throw error
    const reason = `its ending could not be written: ${toJobError(error).message}`
    if (!setAside(reason)) return undefined
    const why = new HelveError('HELVE_ERR_STORE_CORRUPT', `job ${one.job.id}: ${reason}`)
    return { state: 'dead', setAside: why, rerun: false, followUps: [] }
  }
}

/** Runs a part apart from the others; returns an error for a part that is refused. */
export function doApart<Part, T>(apart: Apart<Part>, body: (part: Part) => T): T | HelveError {
  try {
    return apart.part(body)
  } catch (error) {
    if (error instanceof HelveError) return error
    if (!apart.isCareful || apart.isOfTheStore(error)) throw error
    return notTaken('file: it cannot take this: ', error)
  }
}

/** The items for which `body` returns true. An item whose part fails is undone and left out. */
export function eachApart<Part, Item>(
  apart: Apart<Part>,
  items: readonly Item[],
  body: (part: Part, item: Item) => boolean,
): Set<Item> {
  return new Set(items.filter((item) => doApart(apart, (part) => body(part, item)) === true))
}

/** The error of a refused settle; undefined when the transaction as a whole fails. */
function refusal<Part>(apart: Apart<Part>, error: unknown): HelveError | undefined {
  if (error instanceof HelveError) return error
  if (!apart.isOfAValue(error)) return undefined
  return notTaken('delivery: expected a record, got one with ', error)
}

function notTaken(problem: string, cause: unknown): HelveError {
  const message = problem + toJobError(cause).message
  return new HelveError('HELVE_ERR_OPTION', message, { cause })
}
