import type { Lanes } from '../coordinator/admission.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import { jobRef, type Events } from '../events.ts'
import type { HostLogger } from '../host-logger.ts'
import type { HostLog } from '../log.ts'
import { jobLogger } from '../logger.ts'
import type { CheckedOptions } from './options.ts'
import { InlinePool } from '../pool/inline-pool.ts'
import { PiscinaPool } from '../pool/piscina-pool.ts'
import type { Pool, PoolListener } from '../pool/pool.ts'
import { defaultEntry, threadEnvironment, threadFlags } from '../pool/thread-options.ts'
import { MAIN_LANE, type Registry } from './registry.ts'
import type { Store } from '../store/store.ts'

/** Runs of functions on the main thread at a time: they wait, and share one thread anyway. */
const MAIN_CONCURRENCY = 100

/** Milliseconds within which a thread has to be set up. */
const SETUP_TIMEOUT = 60_000

/** What the lanes of a runtime are built from. */
export interface LaneParts {
  options: CheckedOptions
  registry: Registry
  coordinator: Coordinator
  store: Store
  events: Events
  logger: HostLogger
  log: HostLog
}

/** The lanes as the coordinator sees them. */
export function lanesOf(
  pools: ReadonlyMap<string, Pool>,
  registry: Registry,
  unknownKinds: 'dead' | 'wait',
): Lanes {
  return {
    pools,
    unknownKinds,
    of: (kind) => registry.lane(kind),
    policy: (kind) => registry.policy(kind),
    kinds: (lane) => registry.kinds(lane),
    cost: (kind) => {
      if (registry.policy(kind).alone) return 1
      return pools.get(registry.lane(kind) ?? '')?.cost(kind) ?? 1
    },
  }
}

/** Starts the lanes of a runtime: the main thread's, and those of threads. */
export function startLanes(pools: Map<string, Pool>, parts: LaneParts): void {
  const { options, registry, logger } = parts
  const main = new InlinePool(
    registry.handlers,
    MAIN_CONCURRENCY,
    laneListener(MAIN_LANE, parts),
    ({ id, kind }) => jobLogger(logger, { job: id, kind }),
  )
  pools.set(MAIN_LANE, main)
  if (options.handlers === undefined) return
  for (const name of options.lanes.keys()) pools.set(name, startThreads(name, parts))
}

/** Tells of lanes where kinds cannot be kept apart. */
export function tellNarrowLanes(pools: ReadonlyMap<string, Pool>, parts: LaneParts): void {
  for (const [lane, { slots }] of pools) {
    const kinds = [...parts.registry.kinds(lane)].sort()
    if (slots === 1 && kinds.length > 1) parts.events.emit('lane:narrow', () => ({ lane, kinds }))
  }
}

function startThreads(name: string, parts: LaneParts): Pool {
  const { handlers, threadEntry, env, config, lanes } = parts.options
  const { threads, concurrency, memory } = lanes.get(name)!
  const entry = threadEntry ?? defaultEntry()
  const thread = {
    entry,
    flags: threadFlags(entry, handlers!),
    environment: threadEnvironment(env),
    handlers: handlers!,
    config,
    logLevel: parts.log.level,
    concurrency,
    setupTimeout: SETUP_TIMEOUT,
    memory,
  }
  const { store } = parts
  return new PiscinaPool(thread, threads, laneListener(name, parts), (id) => store.getWebhook(id))
}

/** What happens in a lane, told to the coordinator and to those who listen. */
function laneListener(lane: string, parts: LaneParts): PoolListener {
  const { coordinator, events, logger, registry } = parts
  return {
    settled: (job, outcome, took) => coordinator.settled(job, outcome, took),
    roomier: () => coordinator.wake(),
    progress: (job, value) => events.emit('progress', () => ({ job: jobRef(job), value })),
    log: (level, fields, message) => logger[level](fields, message),
    threadUp: (thread, kinds) => {
      if (kinds) registry.know(kinds)
      events.emit('thread:up', () => ({ lane, thread }))
    },
    threadDown: (thread, reason) => events.emit('thread:down', () => ({ lane, thread, reason })),
    threadStalled: (thread, job, heldMs) =>
      events.emit('thread:stalled', () => ({ lane, thread, job: job && jobRef(job), heldMs })),
    threadResumed: (thread, heldMs) =>
      events.emit('thread:resumed', () => ({ lane, thread, heldMs })),
    stuck: (job, reason) => events.emit('stuck', () => ({ job: jobRef(job), reason })),
  }
}
