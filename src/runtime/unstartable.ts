import { HelveError, read } from '../job/errors.ts'
import type { Pool } from '../pool/pool.ts'

/** A place in the line of a stack: not one of Node's own. */
const PLACE = /(?:file:\/\/)?\/[^\s()]+\.[cm]?[jt]sx?:\d+(?::\d+)?/

/** Why a lane could not be started: which file, where in it if that is known, and the error itself. */
export function unstartable(lane: string, pool: Pool, handlers: string | undefined): HelveError {
  const { problem, cause } = pool
  const stack = read(cause, 'stack')
  const lines = typeof stack === 'string' ? stack.split('\n') : []
  const places = lines.flatMap((line) => line.match(PLACE)?.[0] ?? [])
  // The host's own code: what it has installed throws for its sake.
  const place = places.find((found) => !found.includes('/node_modules/'))
  return new HelveError(
    'HELVE_ERR_HANDLERS',
    `handlers: expected a module that lane ${lane} can load, got ${String(handlers)}: ` +
      `${problem}${place === undefined ? '' : ` (${place})`}`,
    { cause },
  )
}
