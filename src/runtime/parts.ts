import { clockOf, type Clock } from '../coordinator/clock.ts'
import { Coordinator } from '../coordinator/coordinator.ts'
import { Events } from '../events.ts'
import { guardedLogger, type HostLogger } from '../host-logger.ts'
import { HostLog } from '../log.ts'
import type { Store } from '../store/store.ts'
import { openPool } from './lane-pools.ts'
import { RuntimeLanes } from './lanes.ts'
import type { CheckedOptions } from './options.ts'
import { Registry } from './registry.ts'

/** The parts of a runtime that its other parts work with. */
export interface Parts {
  store: Store
  options: CheckedOptions
  events: Events
  clock: Clock
  registry: Registry
  lanes: RuntimeLanes
  coordinator: Coordinator
  logger: HostLogger
  log: HostLog
}

/** Makes the parts of a runtime, and wires them; no part is started yet. */
export function partsOf(store: Store, options: CheckedOptions): Parts {
  const events = new Events()
  const clock = clockOf(store.clock)
  const registry = new Registry(options)
  const lanes = new RuntimeLanes(options, registry, (name, lane) => openPool(name, lane, parts))
  const { idle } = options
  const coordinator = new Coordinator({ store, lanes, events, clock, random: Math.random, idle })
  const logger = guardedLogger(options.logger, (error, during) =>
    events.emit('error', () => ({ error, during })),
  )
  const log = new HostLog(events, logger)
  const parts = { store, options, events, clock, registry, lanes, coordinator, logger, log }
  return parts
}
