import { checkInteger, checkKeys, checkNumber } from './check.ts'
import { MAX_DELAY } from './limits.ts'

/**
 * A token bucket: it holds `limit` tokens and is refilled evenly, at `limit` tokens in `per`
 * milliseconds. Each run takes one token. A job that finds no token waits in the queue.
 */
export interface Rate {
  /** Runs; an integer from 1 to 1,000,000. */
  limit: number
  /** Milliseconds, from 1. */
  per: number
}

/** @throws HelveError `HELVE_ERR_OPTION` */
export function checkRate(value: unknown, field: string): Rate {
  checkKeys(value, field, ['limit', 'per'])
  const { limit, per } = value as Rate
  checkInteger(limit, `${field}.limit`, 1, 1_000_000)
  checkNumber(per, `${field}.per`, 1, MAX_DELAY)
  return { limit, per }
}
