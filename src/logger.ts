import { read } from './job/errors.ts'
import type { Logger, LogMethod } from './run/handler.ts'
import { byLevel } from './run/by-level.ts'
import { logLine } from './run/log-arguments.ts'
import { LOG_LEVELS, type LogLevel } from './thread/protocol.ts'

// The loggers that hosts give: pino, Fastify's logger, the console.

/** From the lowest to the highest. */
export const LEVELS = Object.keys(LOG_LEVELS) as LogLevel[]
/** Levels of the hosts' loggers that helve does not log at. */
const OTHER_LEVELS: Record<string, number> = { fatal: 60, silent: Infinity }

/** Whether helve can log to a value: pino, Fastify's logger, or a logger like the console. */
export function isLogger(value: unknown): value is Logger {
  return LEVELS.every((level) => typeof read(value, level) === 'function')
}

/**
 * A logger that adds the fields `own` to each line. They replace fields of the line with the same
 * names.
 */
export function jobLogger(logger: Logger, own: object): Logger & Leveled {
  const method = (level: LogLevel): LogMethod => {
    return (first: object | string, second?: string) => {
      if (!prints(logger, level)) return
      const [fields, text] = logLine(first, second)
      logger[level]({ ...fields, ...own }, text)
    }
  }
  const isLevelEnabled = (level: string): boolean => prints(logger, level as LogLevel)
  return { isLevelEnabled, ...byLevel(method) }
}

/** A logger that emits an event when its level changes, as pino does. */
interface Emitter {
  on(event: 'level-change', listener: () => void): unknown
  off(event: 'level-change', listener: () => void): unknown
}

/** The logger as an emitter of level changes; undefined if the logger emits none. */
export function levelEmitter(logger: Logger): Emitter | undefined {
  const isEmitter = [read(logger, 'on'), read(logger, 'off')].every((f) => typeof f === 'function')
  return isEmitter ? (logger as Logger & Emitter) : undefined
}

/**
 * Whether a logger prints a level. A logger that does not say, such as the console, prints `info`
 * and above.
 */
export function prints(logger: Logger & Leveled, level: LogLevel): boolean {
  if (typeof logger.isLevelEnabled === 'function') return logger.isLevelEnabled(level)
  const lowest = typeof logger.level === 'string' ? levelOf(logger.level) : undefined
  return LOG_LEVELS[level] >= (lowest ?? LOG_LEVELS.info)
}

const nothing = (): void => undefined

export const silentLogger: Logger & Leveled = {
  ...{ level: 'silent', trace: nothing, debug: nothing },
  ...{ info: nothing, warn: nothing, error: nothing },
}

/** What pino has beyond {@link Logger}. */
interface Leveled {
  level?: string
  isLevelEnabled?(level: string): boolean
}

function levelOf(name: string): number | undefined {
  return new Map(Object.entries({ ...LOG_LEVELS, ...OTHER_LEVELS })).get(name)
}
