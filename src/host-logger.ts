import { read } from './job/errors.ts'
import { levelEmitter, prints } from './logger.ts'
import { byLevel } from './run/by-level.ts'
import type { Logger, LogMethod } from './run/handler.ts'
import { stderrLogger } from './stderr-logger.ts'
import type { LogLevel } from './thread/protocol.ts'

/** The host's logger, guarded. */
export interface HostLogger extends Logger {
  isLevelEnabled(level: string): boolean
  /** As pino tells of changes of its level; nothing for a logger that tells of none. */
  on(event: 'level-change', listener: () => void): void
  off(event: 'level-change', listener: () => void): void
}

/** Tells what the host's own code in its logger did wrong, and where. */
type OnMistake = (error: unknown, during: string) => void

/** In the place of what the host's code should have given. */
const UNLOGGABLE = '[unloggable]'

/**
 * The host's logger, from which nothing is thrown and nothing rejects: a logger can have code of the
 * host's (serializers, mixins, formatters, hooks, streams). What such code does wrong is told once
 * for each piece of it. A line that cannot be written goes to stderr.
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

/** What stands for a part that has failed, by what that was given first. */
const INSTEAD: Record<string, (name: PropertyKey, first: unknown) => unknown> = {
  'pino.mixin': () => ({}),
  'pino.mixinMergeStrategy': (_, first) => first,
  'pino.serializers': () => UNLOGGABLE,
  'pino.formatters': (name, first) => (name === 'level' ? { level: first } : first),
}

/**
 * An heir of a pino logger, whose level follows the host's, with guarded parts. Pino keeps those
 * behind symbols, and the host's pino may be another copy than ours: a symbol is known by its name.
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
    // Writable, since children put their own in its place.
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
      // Nobody waits for it, and its rejection would end the process.
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
