import { Console } from 'node:console'
import { read } from './job/errors.ts'
import { byLevel } from './run/by-level.ts'
import { logLine } from './run/log-arguments.ts'
import { LOG_LEVELS, type LogLevel } from './thread/protocol.ts'
import type { Logger, LogMethod } from './run/handler.ts'

/** Writes only to stderr, and ignores errors of a stderr that nobody reads any more. */
const stderr = new Console({ stdout: process.stderr, stderr: process.stderr })

/** The logger of a runtime whose host gives none: prints warnings and errors for people to read. */
export function stderrLogger(): Logger & { level: string } {
  return { level: 'warn', ...byLevel(method) }
}

function method(level: LogLevel): LogMethod {
  if (LOG_LEVELS[level] < LOG_LEVELS.warn) return () => undefined
  return (first: object | string, second?: string) => {
    const [fields, text] = logLine(first, second)
    stderr.error(line(level, text, fields))
  }
}

/**
 * Such as `2026-11-24T17:00:00.000Z helve ERROR: job is dead job=7 kind=reindex`, with the texts of
 * errors on the lines below.
 */
function line(level: LogLevel, message: string, fields: object): string {
  const pairs: string[] = []
  const below: string[] = []
  for (const [name, value] of Object.entries(fields) as [string, unknown][]) {
    if (value === undefined) continue
    const error = errorText(value)
    if (error === undefined) pairs.push(` ${name}=${text(value)}`)
    else below.push(`\n  ${error.replaceAll('\n', '\n  ')}`)
  }
  const head = `${new Date().toISOString()} helve ${level.toUpperCase()}: ${message}`
  return [head, ...pairs, ...below].join('')
}

/**
 * The text of an error, also of an error as plain data: its stack, or its name and message;
 * undefined for other values. The stack of a HelveError is left out, because it says nothing to a
 * host.
 */
function errorText(value: unknown): string | undefined {
  const [name, message, stack] = [read(value, 'name'), read(value, 'message'), read(value, 'stack')]
  if (typeof name !== 'string' || typeof message !== 'string') return undefined
  const cause = errorText(read(value, 'cause'))
  const hasStack = typeof stack === 'string' && stack.includes(message) && name !== 'HelveError'
  const own = hasStack ? stack : `${name}: ${message}`
  return cause === undefined ? own : `${own}\ncaused by ${cause}`
}

function text(value: unknown): string {
  if (typeof value === 'string') return /[\s"]/.test(value) ? JSON.stringify(value) : value
  try {
    return JSON.stringify(value) ?? String(value)
  } catch {
    return '[unloggable]'
  }
}
