import type { LogLevel } from '../thread/protocol.ts'
import type { LogMethod } from './handler.ts'

/** The methods of a logger, one for each level. */
export function byLevel(method: (level: LogLevel) => LogMethod): Record<LogLevel, LogMethod> {
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}
