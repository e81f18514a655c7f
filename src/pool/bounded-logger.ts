import { byLevel } from '../run/by-level.ts'
import type { Logger, LogMethod } from '../run/handler.ts'
import type { LogLevel } from '../thread/protocol.ts'

/** A logger whose lines pass through `line`, unless their level is off. All else is `logger`'s. */
export function boundedLogger(logger: Logger, line: (write: () => void) => void): Logger {
  const { isLevelEnabled } = logger as { isLevelEnabled?: (level: LogLevel) => boolean }
  const method = (level: LogLevel): LogMethod => {
    return (...given: unknown[]): void => {
      if (isLevelEnabled?.call(logger, level) === false) return
      line(() => Reflect.apply(logger[level], logger, given))
    }
  }
  // As pino makes child loggers: the new logger inherits everything else from the given logger.
  return Object.assign(Object.create(logger) as Logger, byLevel(method))
}
