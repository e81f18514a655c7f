import { read } from './job/errors.ts'
import { levelEmitter, prints } from './logger.ts'
import { byLevel } from './run/by-level.ts'
import type { Logger, LogMethod } from './run/handler.ts'
import { stderrLogger } from './stderr-logger.ts'
import type { LogLevel } from './thread/protocol.ts'

/** The host's logger, guarded: see {@link guardedLogger}. */
export interface HostLogger extends Logger {
  isLevelEnabled(level: string): boolean
  /**
   * As pino's: calls the listener when the level changes. Does nothing for a logger without such an
   * event.
   */
  on(event: 'level-change', listener: () => void): void
  off(event: 'level-change', listener: () => void): void
}

/** Reports an error of the host's own code in its logger, and during which work it came. */
type OnMistake = (error: unknown, during: string) => void

/** Stands in for a value that the host's code failed to give. */
const UNLOGGABLE = '[unloggable]'

/**
 * The host's logger, guarded so that nothing in it throws or rejects. A logger can run code of the
 * host (serializers, mixins, formatters, hooks, streams). Each piece of such code is reported once,
 * at its first error. A line that cannot be written goes to stderr.
 */
export function guardedLogger(logger: Logger, onMistake: OnMistake): HostLogger {
  const told = new Set<string>()
  const tell: OnMistake = (error, during) => {
    if (told.has(during)) return
    told.add(during)
    onMistake(error, during)
  }
  const own = withGuardedParts(logger, tell)
  const follow = (work: () => void): void => {
    try {
      work()
    } catch (error) {
      tell(error, "following the logger's level")
    }
  }
  return {
    isLevelEnabled: (level) => prints(own, level as LogLevel),
    on: (event, listener) => follow(() => levelEmitter(logger)?.on(event, listener)),
    off: (event, listener) => follow(() => levelEmitter(logger)?.off(event, listener)),
    ...methods(own, tell),
  }
}

function methods(logger: Logger, tell: OnMistake): Logger {
  const method = (level: LogLevel): LogMethod => {
    return (...line: unknown[]) => {
      try {
        Reflect.apply(logger[level], logger, line)
      } catch (error) {
        Reflect.apply(stderrLogger()[level], undefined, line)
        tell(error, 'writing a line of the log')
      }
    }
  }
  return byLevel(method)
}

type Part = (this: unknown, ...given: unknown[]) => unknown

/**
 * What stands in for the value of a part that has failed, made from the first argument of the part.
 */
const INSTEAD: Record<string, (name: PropertyKey, first: unknown) => unknown> = {
  'pino.mixin': () => ({}),
  'pino.mixinMergeStrategy': (_, first) => first,
  'pino.serializers': () => UNLOGGABLE,
  'pino.formatters': (name, first) => (name === 'level' ? { level: first } : first),
}

/**
 * A logger that inherits from a pino logger, so that its level follows the host's, with guarded
 * parts. Pino keeps the parts behind symbols. The host's pino may be another copy than helve's, so
 * that a symbol is found by its description.
 */
function withGuardedParts(logger: Logger, tell: OnMistake): Logger {
  const own = Object.create(logger) as Logger
  for (const [description, instead] of Object.entries(INSTEAD)) {
    const symbol = symbolOf(logger, description)
    const parts = symbol && read(logger, symbol)
    const guard = (part: unknown, name: PropertyKey = ''): unknown =>
      guarded(
        part,
        (first) => instead(name, first),
        (error) => {
          tell(error, `the logger's ${description} ${String(name)}`.trim())
        },
      )
    const value = typeof parts === 'object' && parts !== null ? each(parts, guard) : guard(parts)
    // Writable, since the children of a pino logger set parts of their own.
    if (symbol && parts) Object.defineProperty(own, symbol, { value, writable: true })
  }
  return own
}

function each(parts: object, make: (part: unknown, name: PropertyKey) => unknown): object {
  const made = Object.create(null) as Record<PropertyKey, unknown>
  for (const name of Reflect.ownKeys(parts)) made[name] = make(read(parts, name), name)
  return made
}

function guarded(part: unknown, instead: Part, onMistake: (error: unknown) => void): unknown {
  if (typeof part !== 'function') return part
  return function (this: unknown, ...given: unknown[]): unknown {
    try {
      const value: unknown = Reflect.apply(part, this, given)
      if (typeof read(value, 'then') !== 'function') return value
      // Nobody awaits the promise, so that its rejection would end the process.
      Promise.resolve(value).catch(onMistake)
    } catch (error) {
      onMistake(error)
    }
    return instead(given[0])
  }
}

function symbolOf(logger: object, description: string): symbol | undefined {
  for (let at: object | null = logger; at; at = Object.getPrototypeOf(at) as object | null) {
    const found = Object.getOwnPropertySymbols(at).find((one) => one.description === description)
    if (found !== undefined) return found
  }
  return undefined
}
