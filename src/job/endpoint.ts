import { read } from './errors.ts'
import { MAX_DELAY, MAX_REASON_LENGTH } from './limits.ts'

/** Why an endpoint takes no run in, and for how long. */
export interface Held {
  /** Milliseconds for which the group of the job is to wait. */
  delay: number
  reason: string
}

// A registered symbol, for the reason that `errors.ts` gives.
const HELD = Symbol.for('helve.held')

/** Thrown by `ctx.enterEndpoint`. A run that fails with this error spends no attempt. */
export class EndpointHeldError extends Error {
  readonly [HELD]: Held

  constructor(held: Held) {
    super(held.reason)
    this.name = 'EndpointHeldError'
    this[HELD] = held
  }
}

/** What keeps a run out, if the thrown value is an {@link EndpointHeldError}. */
export function heldBy(thrown: unknown): Held | undefined {
  const held = read(thrown, HELD)
  const [delay, reason] = [read(held, 'delay'), read(held, 'reason')]
  if (typeof delay !== 'number' || typeof reason !== 'string') return undefined
  if (!(delay >= 1 && delay <= MAX_DELAY)) return undefined
  return { delay: Math.ceil(delay), reason: reason.slice(0, MAX_REASON_LENGTH) }
}

/**
 * The breaker of an endpoint has the name of a group: operators list and close such a breaker as
 * they list and close the breaker of any group.
 */
export function groupOfEndpoint(endpoint: string): string {
  return `endpoint ${endpoint}`
}
