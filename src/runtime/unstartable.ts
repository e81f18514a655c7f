import { HelveError, read } from '../job/errors.ts'
import type { Pool } from '../pool/pool.ts'

/** A file, line and column in a line of a stack. Modules of Node's own have no path to match. */
const PLACE = /(?:file:\/\/)?\/[^\s()]+\.[cm]?[jt]sx?:\d+(?::\d+)?/

/**
 * The error of a lane that could not be started. It names the handlers module, the place in the
 * host's code if that place is known, and the cause.
 */
export function unstartable(lane: string, pool: Pool, handlers: string | undefined): HelveError {
  const { problem, cause } = pool
  const stack = read(cause, 'stack')
  const lines = typeof stack === 'string' ? stack.split('\n') : []
  const places = lines.flatMap((line) => line.match(PLACE)?.[0] ?? [])
  // The first place in the host's own code: an installed package throws because of its caller.
  const place = places.find((found) => !found.includes('/node_modules/'))
  return new HelveError(
    'HELVE_ERR_HANDLERS',
    `handlers: expected a module that lane ${lane} can load, got ${String(handlers)}: ` +
      `${problem}${place === undefined ? '' : ` (${place})`}`,
    { cause },
  )
}
