import { MessagePort } from 'node:worker_threads'
import { read } from '../job/errors.ts'
import { LOG_LEVELS, type ThreadMessage } from '../thread/protocol.ts'

/** A message of a thread. Handlers can post as well, and anything: only what is whole is let through. */
export function threadMessage(received: unknown): ThreadMessage | undefined {
  const message = received as ThreadMessage
  switch (read(received, 'helve')) {
    case 'progress':
      return message
    case 'reports': {
      const { reports } = message as Extract<ThreadMessage, { helve: 'reports' }>
      return Array.isArray(reports) && reports.every(isReport) ? message : undefined
    }
    case 'log': {
      const { level, fields, message: text } = message as Extract<ThreadMessage, { helve: 'log' }>
      const strings = typeof level === 'string' && typeof fields === 'string'
      if (!strings || typeof text !== 'string') return undefined
      return Object.hasOwn(LOG_LEVELS, level) ? message : undefined
    }
    case 'webhook': {
      const { id, reply } = message as Extract<ThreadMessage, { helve: 'webhook' }>
      return typeof id === 'number' && reply instanceof MessagePort ? message : undefined
    }
    case 'child': {
      const { slot, pid, alive } = message as Extract<ThreadMessage, { helve: 'child' }>
      const isWhole = Number.isInteger(slot) && Number.isSafeInteger(pid) && pid > 1
      return isWhole && typeof alive === 'boolean' ? message : undefined
    }
    default:
      return undefined
  }
}

/** A slot can be looked up; whether the rest is true, its token says. */
function isReport(report: unknown): boolean {
  return Number.isInteger(read(report, 'slot'))
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** The fields of a line that a handler logs. */
export function fieldsOf(json: string): object {
  try {
    const value: unknown = JSON.parse(json)
    return isObject(value) ? (value as object) : {}
  } catch {
    return {}
  }
}
