import type { Lanes } from '../coordinator/admission.ts'
import type { Coordinator } from '../coordinator/coordinator.ts'
import { NamedJob } from '../event-data.ts'
import type { Events } from '../events.ts'
import type { HostLogger } from '../host-logger.ts'
import type { HostLog } from '../log.ts'
import { jobLogger } from '../logger.ts'
import type { CheckedLane } from './lane-options.ts'
import type { CheckedOptions } from './options.ts'
import { InlinePool } from '../pool/inline-pool.ts'
import type { Pool, PoolListener } from '../pool/pool.ts'
import { SerialPool } from '../pool/serial-pool.ts'
import { SharedPool } from '../pool/shared-pool.ts'
import {
  defaultEntry,
  threadEnvironment,
  threadFlags,
  type ThreadOptions,
} from '../pool/thread-options.ts'
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
    cost: (kind) => {
      if (registry.policy(kind).alone) return 1
      return pools.get(registry.lane(kind) ?? '')?.cost(kind) ?? 1
    },
  }
}

/** The pools of a runtime's lanes: the main thread's, and those of threads. */
export class LanePools {
  /** By the names of the lanes; empty before the start and after the end. */
  readonly byLane: ReadonlyMap<string, Pool>
  readonly #pools = new Map<string, Pool>()
  /** By lane: threads that were set since, and count from the start on. */
  readonly #threads = new Map<string, number>()

  constructor() {
    this.byLane = this.#pools
  }

  start(parts: LaneParts): void {
    const { options, registry, logger } = parts
    const main = new InlinePool(
      registry.handlers,
      MAIN_CONCURRENCY,
      laneListener(MAIN_LANE, parts),
      ({ id, kind }) => jobLogger(logger, { job: id, kind }),
    )
    this.#pools.set(MAIN_LANE, main)
    if (options.handlers === undefined) return
    for (const [name, lane] of options.lanes) {
      const threads = this.#threads.get(name) ?? lane.threads
      this.#pools.set(name, startThreads(name, { ...lane, threads }, parts))
    }
  }

  /** Sets the threads of a lane, started or not. */
  resize(lane: string, threads: number): void {
    this.#threads.set(lane, threads)
    this.#pools.get(lane)?.resize(threads)
  }

  /** Resolves once all threads of all lanes are up, or could not be started. */
  async ready(): Promise<void> {
    await Promise.all([...this.#pools.values()].map((pool) => pool.ready()))
  }

  interrupt(isLast: boolean): void {
    for (const pool of this.#pools.values()) pool.interrupt(isLast)
  }

  /** Resolves to whether nothing of them goes on. */
  async close(): Promise<boolean> {
    const ended = await Promise.all([...this.#pools.values()].map((pool) => pool.close()))
    this.#pools.clear()
    return ended.every(Boolean)
  }
}

/** Tells of lanes where one run keeps all other kinds waiting. */
export function tellNarrowLanes({ byLane }: LanePools, parts: LaneParts): void {
  for (const [lane, { slots }] of byLane) {
    const kinds = [...parts.registry.kinds(lane)].sort()
    const isNarrow = slots === 1 && parts.options.lanes.get(lane)?.spare === false
    if (isNarrow && kinds.length > 1) parts.events.emit('lane:narrow', () => ({ lane, kinds }))
  }
}

function startThreads(name: string, lane: CheckedLane, parts: LaneParts): Pool {
  const { handlers, threadEntry, env, execArgv, config } = parts.options
  const { threads, concurrency, memory, spare } = lane
  const entry = threadEntry ?? defaultEntry()
  const options: ThreadOptions = {
    entry,
    flags: [...threadFlags(entry, handlers!), ...execArgv],
    environment: threadEnvironment(env),
    handlers: handlers!,
    config,
    logLevel: parts.log.level,
    concurrency,
    spare,
    setupTimeout: SETUP_TIMEOUT,
    memory,
  }
  const { store } = parts
  const LanePool = concurrency === 1 ? SerialPool : SharedPool
  return new LanePool(options, threads, laneListener(name, parts), (id) => store.getWebhook(id))
}

/** What happens in a lane, told to the coordinator and to those who listen. */
function laneListener(lane: string, parts: LaneParts): PoolListener {
  const { coordinator, events, logger, registry } = parts
  return {
    settled: (job, outcome, took) => coordinator.settled(job, outcome, took),
    roomier: () => coordinator.wake(),
    progress: (job, value) => events.emit('progress', () => ({ job: new NamedJob(job), value })),
    log: (level, fields, message) => logger[level](fields, message),
    threadUp: (thread, kinds) => {
      // What waits for a handler is looked at again.
      for (const kind of registry.know(kinds ?? [])) {
        void coordinator.command({ type: 'regroup', kind }).catch(() => undefined)
      }
      events.emit('thread:up', () => ({ lane, thread }))
    },
    threadDown: (thread, reason) => events.emit('thread:down', () => ({ lane, thread, reason })),
    threadStalled: (thread, job, heldMs) =>
      events.emit('thread:stalled', () => ({
        lane,
        thread,
        job: job && new NamedJob(job),
        heldMs,
      })),
    threadResumed: (thread, heldMs) =>
      events.emit('thread:resumed', () => ({ lane, thread, heldMs })),
    stuck: (job, reason) => events.emit('stuck', () => ({ job: new NamedJob(job), reason })),
  }
}
