import type { Events, RuntimeEvents } from './events.ts'
import { LEVELS, levelEmitter, prints } from './logger.ts'
import type { Logger } from './run/handler.ts'
import { LOG_LEVELS, type LogLevel } from './thread/protocol.ts'

/** Above all levels: nothing is printed. */
const NOTHING = 100

/** A line that is printed at every event of a name. */
interface EventLine {
  level: LogLevel
  isOn: boolean
  turn(on: boolean): void
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
    levelEmitter(this.#logger)?.on('level-change', this.#follow)
  }

  close(): void {
    levelEmitter(this.#logger)?.off('level-change', this.#follow)
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
  line('drained', 'debug', 'nothing is due, and nothing runs', () => ({}))
  line(
    'unowned',
    'warn',
    'jobs are accepted, and nobody runs them: call run() here, or in another process',
    ({ since }) => ({ since: new Date(since).toISOString() }),
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
