import { defineHandlers, type Handlers } from '../../../workers/define-handlers.ts'
import pool, { type Config } from '../../support/pool/handlers.ts'
import { LANES, kindIn } from './lanes.ts'

/** The handlers of the tests of the pool, once for each lane: a kind belongs to one lane. */
export default defineHandlers(async (config: Config, thread) => {
  const { kinds, close } = await pool.setup(config, thread)
  const entries = Object.entries(kinds as Handlers['kinds'])
  const all = Object.keys(LANES).flatMap((lane) =>
    entries.map(([kind, handler]) => [kindIn(lane, kind), handler] as const),
  )
  return { kinds: Object.fromEntries(all), close }
})
