import type { Events, RuntimeEvents } from './events.ts'
import { read } from './job/errors.ts'
import type { Logger, LogMethod } from './run/handler.ts'
import { logLine } from './run/log-line.ts'
import { LOG_LEVELS, type LogLevel } from './thread/protocol.ts'

const LEVELS = Object.keys(LOG_LEVELS) as LogLevel[]
/** Beside those that helve uses. */
const OTHER_LEVELS: Record<string, number> = { fatal: 60, silent: Infinity }
/** Above all levels: nothing is printed. */
const NOTHING = 100

/** A line that is printed at every event of a name. */
interface EventLine {
  level: LogLevel
  isOn: boolean
  turn(on: boolean): void
}

/** Whether helve can log to it: pino, Fastify's logger, and one like the console. */
export function isLogger(value: unknown): value is Logger {
  return LEVELS.every((level) => typeof read(value, level) === 'function')
}

/** Adds fields of its own to each line, which no field of the line's own takes the place of. */
export function jobLogger(logger: Logger, own: object): Logger {
  const method = (level: LogLevel): LogMethod => {
    return (first: object | string, second?: string) => {
      if (!prints(logger, level)) return
      const [fields, text] = logLine(first, second)
      logger[level]({ ...fields, ...own }, text)
    }
  }
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}

/** The host's log: a line for each event, and the level that threads log at. */
export class HostLog {
  readonly #logger: Logger
  readonly #lines: EventLine[]
  /** Shared: one word, the lowest level that is printed. */
  readonly level = new Int32Array(new SharedArrayBuffer(4))

  constructor(events: Events, logger: Logger) {
    this.#logger = logger
    this.#lines = eventLines(events, logger)
    this.#follow()
  }

  /** From here on it follows the changes of the logger's level, if that tells of them as pino does. */
  open(): void {
    this.#follow()
    listeners(this.#logger)?.on('level-change', this.#follow)
  }

  close(): void {
    listeners(this.#logger)?.off('level-change', this.#follow)
  }

  /** Also called for every child that the host makes of its logger. */
  readonly #follow = (): void => {
    const lowest = LEVELS.find((level) => prints(this.#logger, level))
    const level = lowest === undefined ? NOTHING : LOG_LEVELS[lowest]
    if (level === this.level[0]) return
    Atomics.store(this.level, 0, level)
    for (const line of this.#lines) {
      // An event that nobody listens to costs nothing: do not listen for a line that is not printed.
      const isOn = LOG_LEVELS[line.level] >= level
      if (isOn !== line.isOn) line.turn(isOn)
      line.isOn = isOn
    }
  }
}

/** What tells of a change of its level, as pino does. */
interface Emitter {
  on(event: 'level-change', listener: () => void): unknown
  off(event: 'level-change', listener: () => void): unknown
}

function listeners(logger: Logger): Emitter | undefined {
  const isEmitter = [read(logger, 'on'), read(logger, 'off')].every((f) => typeof f === 'function')
  return isEmitter ? (logger as Logger & Emitter) : undefined
}

/** As the logger says; one that says nothing, as the console, prints `info` and above. */
function prints(logger: Logger & Leveled, level: LogLevel): boolean {
  if (typeof logger.isLevelEnabled === 'function') return logger.isLevelEnabled(level)
  const lowest = typeof logger.level === 'string' ? levelOf(logger.level) : undefined
  return LOG_LEVELS[level] >= (lowest ?? LOG_LEVELS.info)
}

/** What pino has beyond the part that every logger has. */
interface Leveled {
  level?: string
  isLevelEnabled?(level: string): boolean
}

function levelOf(name: string): number | undefined {
  return new Map(Object.entries({ ...LOG_LEVELS, ...OTHER_LEVELS })).get(name)
}

/** Nothing else in helve logs. */
function eventLines(events: Events, logger: Logger): EventLine[] {
  const lines: EventLine[] = []
  const line = <E extends keyof RuntimeEvents>(
    event: E,
    level: 'debug' | 'info' | 'warn' | 'error',
    message: string,
    fields: (data: RuntimeEvents[E]) => object,
  ): void => {
    const listener = (data: RuntimeEvents[E]): void => logger[level](fields(data), message)
    const turn = (on: boolean): void => events[on ? 'on' : 'off'](event, listener)
    lines.push({ level, isOn: false, turn })
  }
  line('enqueued', 'debug', 'job enqueued', ({ id, kind, deduped }) => ({ job: id, kind, deduped }))
  line('started', 'debug', 'job started', ({ job }) => of(job))
  line('completed', 'debug', 'job completed', ({ job, durationMs, rerun }) => ({
    ...of(job),
    durationMs,
    rerun,
  }))
  line('retrying', 'warn', 'job failed, and is retried', ({ job, error, runAt, durationMs }) => ({
    ...of(job),
    error,
    runAt: new Date(runAt).toISOString(),
    durationMs,
  }))
  line('dead', 'error', 'job is dead', ({ job, error }) => ({ ...of(job), error }))
  line('lost', 'warn', 'job was lost, and runs again', ({ job, reason, crashes }) => ({
    ...of(job),
    reason,
    crashes,
  }))
  line('released', 'info', 'job was interrupted, and runs again', ({ job, reason }) => ({
    ...of(job),
    reason,
  }))
  line('snoozed', 'debug', 'job asked for a later run', ({ job, runAt }) => ({
    ...of(job),
    runAt: new Date(runAt).toISOString(),
  }))
  line('cancelled', 'info', 'job is cancelled', ({ job }) => of(job))
  line('paused', 'info', 'no more is claimed', ({ target, by }) => ({ ...target, by }))
  line('resumed', 'info', 'is claimed again', ({ target }) => target)
  line(
    'lane:narrow',
    'warn',
    'several kinds share a lane with one slot: a slow job of one holds up all the others',
    (data) => data,
  )
  line('stuck', 'error', 'job does not end', ({ job, reason }) => ({ ...of(job), reason }))
  line('stale', 'warn', 'end of a run is dropped: it is late', ({ job }) => of(job))
  line('thread:up', 'debug', 'thread is up', (data) => data)
  line('thread:down', 'warn', 'thread is down', (data) => data)
  line('thread:stalled', 'warn', 'thread is stalled', ({ lane, thread, job, heldMs }) => ({
    ...{ lane, thread, heldMs },
    ...(job && of(job)),
  }))
  line('thread:resumed', 'info', 'thread goes on', (data) => data)
  line('error', 'error', 'helve failed', ({ error, during }) => ({ err: error, during }))
  return lines
}

function of({ id, kind, attempt }: RuntimeEvents['started']['job']): object {
  return { job: id, kind, attempt }
}
