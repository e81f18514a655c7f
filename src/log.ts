import type { EventName, Events, RuntimeEvents } from './events.ts'
import type { JobRef } from './event-data.ts'
import { LEVELS, levelEmitter, prints } from './logger.ts'
import type { Logger } from './run/handler.ts'
import { LOG_LEVELS, type LogLevel } from './thread/protocol.ts'

/** A level above all others: nothing is printed. */
const NOTHING = 100

/** Events with a line. `progress` has none: it may come thousands of times in a second. */
type Logged = Exclude<EventName, 'progress'>

type Line<E extends EventName> = readonly [
  level: 'debug' | 'info' | 'warn' | 'error',
  message: string,
  fields: (data: RuntimeEvents[E]) => object,
]

/** The line of each event. Nothing else in helve logs. */
const LINES: { readonly [E in Logged]: Line<E> } = {
  enqueued: ['debug', 'job enqueued', ({ id, kind, deduped }) => ({ job: id, kind, deduped })],
  started: ['debug', 'job started', ({ job }) => of(job)],
  completed: [
    'debug',
    'job completed',
    ({ job, durationMs, rerun }) => ({ ...of(job), durationMs, rerun }),
  ],
  retrying: [
    'warn',
    'job failed, and is retried',
    ({ job, error, runAt, durationMs }) => ({
      ...of(job),
      error,
      runAt: new Date(runAt).toISOString(),
      durationMs,
    }),
  ],
  dead: ['error', 'job is dead', ({ job, error }) => ({ ...of(job), error })],
  lost: [
    'warn',
    'job was lost, and runs again',
    ({ job, reason, crashes }) => ({ ...of(job), reason, crashes }),
  ],
  released: [
    'info',
    'job was interrupted, and runs again',
    ({ job, reason }) => ({ ...of(job), reason }),
  ],
  snoozed: [
    'debug',
    'job asked for a later run',
    ({ job, runAt }) => ({ ...of(job), runAt: new Date(runAt).toISOString() }),
  ],
  cancelled: ['info', 'job is cancelled', ({ job }) => of(job)],
  paused: ['info', 'no more is claimed', ({ target, by }) => ({ ...target, by })],
  resumed: ['info', 'is claimed again', ({ target }) => target],
  'breaker:open': [
    'warn',
    'a group fails, and is held back',
    ({ breaker: { kind, group, until, failures, reason } }) => ({
      ...{ kind, group, failures, reason },
      until: new Date(until).toISOString(),
    }),
  ],
  'breaker:closed': ['info', 'a group is not held back any more', (data) => data],
  'webhook:disabled': [
    'warn',
    'a webhook is disabled, because its receiver is gone or fails',
    ({ id, reason }) => ({ webhook: id, reason }),
  ],
  'webhook:enabled': ['info', 'a webhook is active again', ({ id }) => ({ webhook: id })],
  'lane:narrow': [
    'warn',
    'several kinds share a lane with one slot: a slow job of one holds up all the others',
    (data) => data,
  ],
  drained: ['debug', 'nothing is due, and nothing runs', () => ({})],
  unowned: [
    'warn',
    'jobs are accepted, and nobody runs them: call run() here, or in another process',
    ({ since }) => ({ since: new Date(since).toISOString() }),
  ],
  stuck: ['error', 'job does not end', ({ job, reason }) => ({ ...of(job), reason })],
  stale: ['warn', 'end of a run is dropped: it is late', ({ job }) => of(job)],
  'thread:up': ['debug', 'thread is up', (data) => data],
  'thread:down': ['warn', 'thread is down', (data) => data],
  'thread:stalled': [
    'warn',
    'thread is stalled',
    ({ lane, thread, job, heldMs }) => ({ lane, thread, heldMs, ...(job && of(job)) }),
  ],
  'thread:resumed': ['info', 'thread goes on', (data) => data],
  error: ['error', 'helve failed', ({ error, during }) => ({ err: error, during })],
}

const LOGGED = Object.keys(LINES) as Logged[]

/** The line of one event, and whether it is printed. */
interface EventLine {
  level: LogLevel
  isOn: boolean
  turn(on: boolean): void
}

/** Writes the host's log: a line for each event. Also tells threads the level to log at. */
export class HostLog {
  readonly #logger: Logger
  readonly #lines: EventLine[]
  /** Shared: one word, the lowest level that is printed. */
  readonly level = new Int32Array(new SharedArrayBuffer(4))

  constructor(events: Events, logger: Logger) {
    this.#logger = logger
    this.#lines = LOGGED.map((event) => eventLine(event, LINES, events, logger))
    this.#follow()
  }

  /**
   * From now on follows the changes of the logger's level, if the logger tells of them as pino
   * does.
   */
  start(): void {
    this.#follow()
    levelEmitter(this.#logger)?.on('level-change', this.#follow)
  }

  stop(): void {
    levelEmitter(this.#logger)?.off('level-change', this.#follow)
  }

  /**
   * Takes over the level of the logger. Pino also calls this for every child that the host makes of
   * its logger.
   */
  readonly #follow = (): void => {
    const lowest = LEVELS.find((level) => prints(this.#logger, level))
    const level = lowest === undefined ? NOTHING : LOG_LEVELS[lowest]
    if (level === this.level[0]) return
    Atomics.store(this.level, 0, level)
    for (const line of this.#lines) {
      // An event without a listener costs nothing, so a line that is not printed has no listener.
      const isOn = LOG_LEVELS[line.level] >= level
      if (isOn !== line.isOn) line.turn(isOn)
      line.isOn = isOn
    }
  }
}

function eventLine<E extends Logged>(
  event: E,
  lines: { readonly [K in E]: Line<K> },
  events: Events,
  logger: Logger,
): EventLine {
  const [level, message, fields] = lines[event]
  const listener = (data: RuntimeEvents[E]): void => logger[level](fields(data), message)
  const turn = (on: boolean): void => events[on ? 'on' : 'off'](event, listener)
  return { level, isOn: false, turn }
}

function of({ id, kind, attempt }: JobRef): object {
  return { job: id, kind, attempt }
}
