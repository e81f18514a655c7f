import { MessagePort } from 'node:worker_threads'
import { read } from '../job/errors.ts'
import { reportsOf } from './reports.ts'
import { LOG_LEVELS, type PortMessage, type ThreadMessage } from '../thread/protocol.ts'

/** The port that a thread hands over: the thread sends all later messages on this port. */
export function portOf(received: unknown): MessagePort | undefined {
  if (read(received, 'helve') !== 'port') return undefined
  const { port } = received as PortMessage
  return port instanceof MessagePort ? port : undefined
}

/** A message of a thread; undefined unless it is whole: handlers can post as well, and anything. */
export function threadMessage(received: unknown): ThreadMessage | undefined {
  const message = received as ThreadMessage
  switch (read(received, 'helve')) {
    case 'progress': {
      const { json, units } = message as Extract<ThreadMessage, { helve: 'progress' }>
      const isText = json === undefined || typeof json === 'string'
      return isText && isUnits(units) ? message : undefined
    }
    case 'reports': {
      const { reports, last } = message as Extract<ThreadMessage, { helve: 'reports' }>
      return { helve: 'reports', reports: reportsOf(reports), last }
    }
    case 'log': {
      const line = message as Extract<ThreadMessage, { helve: 'log' }>
      const { level, fields, message: text, units } = line
      const strings = typeof level === 'string' && typeof fields === 'string'
      if (!strings || typeof text !== 'string' || !isUnits(units)) return undefined
      return Object.hasOwn(LOG_LEVELS, level) ? message : undefined
    }
    case 'question': {
      const { id, reply, units } = message as Extract<ThreadMessage, { helve: 'question' }>
      const isReply = reply === undefined || reply instanceof MessagePort
      return isReply && Number.isSafeInteger(id) && isUnits(units) ? message : undefined
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

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null
}

/** Whether the main thread can give back this number of units of a thread's credit. */
function isUnits(units: unknown): boolean {
  return Number.isInteger(units) && (units as number) > 0
}

/** The value of a progress message; undefined for text that is no JSON. */
export function progressOf(json: string | undefined): unknown {
  try {
    return json && (JSON.parse(json) as unknown)
  } catch {
    return undefined
  }
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
