import type { Coordinator } from '../coordinator/coordinator.ts'
import { NamedJob } from '../event-data.ts'
import type { Events } from '../events.ts'
import type { HostLogger } from '../host-logger.ts'
import type { HostLog } from '../log.ts'
import { jobLogger } from '../logger.ts'
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
import { openAttempt } from '../job/open-attempt.ts'
import type { WebhookDesk, WebhookReader } from '../job/webhook-desk.ts'
import type { CheckedLane } from './lane-options.ts'
import type { CheckedOptions } from './options.ts'
import type { Registry } from './registry.ts'

/** Runs of functions on the main thread at a time: functions wait, and share one thread anyway. */
const MAIN_CONCURRENCY = 100

/** Milliseconds within which a thread has to be set up. */
const SETUP_TIMEOUT = 60_000

/** What the pool of a lane works with. */
interface PoolParts {
  options: CheckedOptions
  registry: Registry
  coordinator: Coordinator
  store: WebhookReader
  events: Events
  logger: HostLogger
  log: HostLog
}

/**
 * Starts the pool of a lane.
 *
 * @param lane undefined for the lane of the main thread
 */
export function openPool(name: string, lane: CheckedLane | undefined, parts: PoolParts): Pool {
  if (lane !== undefined) return openThreads(name, lane, parts)
  const { registry, logger } = parts
  const listener = laneListener(name, parts)
  return new InlinePool(registry.handlers, MAIN_CONCURRENCY, listener, ({ id, kind }) =>
    jobLogger(logger, { job: id, kind }),
  )
}

function openThreads(name: string, lane: CheckedLane, parts: PoolParts): Pool {
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
  const LanePool = concurrency === 1 ? SerialPool : SharedPool
  return new LanePool(options, threads, laneListener(name, parts), deskOf(parts))
}

/** What the threads of a lane may ask about webhooks. */
function deskOf({ store, coordinator }: PoolParts): WebhookDesk {
  return {
    getWebhook: (id) => store.getWebhook(id),
    openAttempt: (opening, enter) =>
      openAttempt(opening, {
        getWebhook: (id) => store.getWebhook(id),
        getDelivery: (id) => store.getDelivery(id),
        begin: (start) => coordinator.command({ type: 'beginAttempt', start }),
        enter,
      }),
  }
}

/** Tells the coordinator and the listeners of events what happens in a lane. */
function laneListener(lane: string, parts: PoolParts): PoolListener {
  const { coordinator, events, logger, registry } = parts
  return {
    settled: (job, outcome, took) => coordinator.settled(job, outcome, took),
    roomier: () => coordinator.wake(),
    enterEndpoint: (job, endpoint) => coordinator.enterEndpoint(job, endpoint),
    progress: (job, value) => events.emit('progress', () => ({ job: new NamedJob(job), value })),
    log: (level, fields, message) => logger[level](fields, message),
    threadUp: (thread, kinds) => {
      // Jobs that wait for a handler of the kind are looked at again.
      for (const kind of registry.know(kinds ?? [])) coordinator.regroup(kind)
      events.emit('thread:up', () => ({ lane, thread }))
    },
    threadDown: (thread, reason) => {
      // It may have been the last one that could be started: nobody must wait for room in vain.
      coordinator.wake()
      events.emit('thread:down', () => ({ lane, thread, reason }))
    },
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
