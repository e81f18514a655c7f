import { read } from './job/errors.ts'
import type { Logger, LogMethod } from './run/handler.ts'
import { byLevel } from './run/by-level.ts'
import { logLine } from './run/log-line.ts'
import { LOG_LEVELS, type LogLevel } from './thread/protocol.ts'

// What hosts give as their logger: pino, Fastify's, the console.

/** From the lowest to the highest. */
export const LEVELS = Object.keys(LOG_LEVELS) as LogLevel[]
/** Beside those that helve uses. */
const OTHER_LEVELS: Record<string, number> = { fatal: 60, silent: Infinity }

/** Whether helve can log to it: pino, Fastify's logger, and one like the console. */
export function isLogger(value: unknown): value is Logger {
  return LEVELS.every((level) => typeof read(value, level) === 'function')
}

/** Adds fields of its own to each line, which no field of the line's own takes the place of. */
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

/** What tells of a change of its level, as pino does. */
interface Emitter {
  on(event: 'level-change', listener: () => void): unknown
  off(event: 'level-change', listener: () => void): unknown
}

/** Undefined for a logger that tells of nothing. */
export function levelEmitter(logger: Logger): Emitter | undefined {
  const isEmitter = [read(logger, 'on'), read(logger, 'off')].every((f) => typeof f === 'function')
  return isEmitter ? (logger as Logger & Emitter) : undefined
}

/** As the logger says; one that says nothing, as the console, prints `info` and above. */
export function prints(logger: Logger & Leveled, level: LogLevel): boolean {
  if (typeof logger.isLevelEnabled === 'function') return logger.isLevelEnabled(level)
  const lowest = typeof logger.level === 'string' ? levelOf(logger.level) : undefined
  return LOG_LEVELS[level] >= (lowest ?? LOG_LEVELS.info)
}

const nothing = (): void => undefined

/** Prints nothing. */
export const silentLogger: Logger & Leveled = {
  ...{ level: 'silent', trace: nothing, debug: nothing },
  ...{ info: nothing, warn: nothing, error: nothing },
}

/** What pino has beyond the part that every logger has. */
interface Leveled {
  level?: string
  isLevelEnabled?(level: string): boolean
}

function levelOf(name: string): number | undefined {
  return new Map(Object.entries({ ...LOG_LEVELS, ...OTHER_LEVELS })).get(name)
}
