import { checkInteger, checkKeys, checkNumber } from './check.ts'
import { MAX_DELAY } from './limits.ts'

/**
 * When the breaker of a group opens, and for how long. An open breaker holds the group back; then
 * one job tries the group, and each run that completes lets twice as many run at a time.
 * https://martinfowler.com/bliki/CircuitBreaker.html
 */
export interface BreakerOptions {
  /** Failed runs in a row that open the breaker. @default 5 */
  failures?: number
  /** Share of failed runs in one {@link window} that opens the breaker; 0 to 1. @default 0.7 */
  ratio?: number
  /** Runs in one {@link window} below which {@link ratio} says nothing. @default 10 */
  runs?: number
  /** Milliseconds over which runs are counted. @default 300000 */
  window?: number
  /**
   * Milliseconds for which the breaker is open first. Each trial that fails doubles the pause.
   * @default 30000
   */
  pause?: number
  /** Milliseconds for which the breaker is open at the most. @default 3600000 */
  maxPause?: number
}

export const DEFAULT_BREAKER: Required<BreakerOptions> = {
  failures: 5,
  ratio: 0.7,
  runs: 10,
  window: 300_000,
  pause: 30_000,
  maxPause: 3_600_000,
}

/** The breaker of a group, from its opening until enough runs have completed. */
export interface Breaker {
  kind: string
  group: string
  /** Since when the group fails: epoch milliseconds. */
  since: number
  /** When the breaker opened last: epoch milliseconds. */
  opened: number
  /** Epoch milliseconds before which no job of the group starts. */
  until: number
  /** Jobs of the group that may run at a time after {@link until}. */
  room: number
  /** Failed runs in a row. */
  failures: number
  /** How often the breaker has opened in a row. */
  trips: number
  /** The last error of a run, or the reason that the handler gave. */
  reason: string
}

/** What a handler asks for with `ctx.tripBreaker`. */
export interface Trip {
  /** Milliseconds. */
  delay: number
  reason: string
}

const LIMITS: Record<keyof BreakerOptions, (given: unknown, field: string) => number> = {
  failures: (given, field) => checkInteger(given, field, 1, 1_000_000),
  ratio: (given, field) => checkNumber(given, field, 0, 1),
  runs: (given, field) => checkInteger(given, field, 1, 1_000_000),
  window: (given, field) => checkNumber(given, field, 1, MAX_DELAY),
  pause: (given, field) => checkNumber(given, field, 1, MAX_DELAY),
  maxPause: (given, field) => checkNumber(given, field, 1, MAX_DELAY),
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkBreaker(given: unknown, key: string): Required<BreakerOptions> {
  const keys = Object.keys(LIMITS) as (keyof BreakerOptions)[]
  checkKeys(given, key, keys)
  const options = { ...DEFAULT_BREAKER }
  for (const [name, value] of Object.entries(given as BreakerOptions)) {
    if (value === undefined) continue
    options[name as keyof BreakerOptions] = LIMITS[name as keyof BreakerOptions](
      value,
      `${key}.${name}`,
    )
  }
  return options
}
