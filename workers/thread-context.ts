import { once } from 'node:events'
import { MessageChannel, threadId } from 'node:worker_threads'
import type { Webhook } from '../src/job/delivery.ts'
import { cut, toJobError } from '../src/job/failure.ts'
import type { Logger, LogMethod, ThreadContext } from '../src/run/handler.ts'
import { logLine } from '../src/run/log-line.ts'
import { MAX_ERROR_BYTES, MAX_LOG_BYTES } from '../src/job/limits.ts'
import { checkSize } from '../src/job/payload.ts'
import { send } from './messages.ts'
import { LOG_LEVELS, type LogLevel, type WebhookAnswer } from '../src/thread/protocol.ts'

export function threadContext(logLevel: Int32Array): ThreadContext {
  return { id: threadId, logger: threadLogger(logLevel, null), webhooks: { getWebhook } }
}

/**
 * Sends the lines that the host's logger would print; the others cost nothing.
 *
 * @param lowest shared: the lowest level that is printed at the moment
 */
export function threadLogger(lowest: Int32Array, id: number | null, kind?: string): Logger {
  const method = (level: LogLevel): LogMethod => {
    return (first: object | string, second?: string) => {
      if (LOG_LEVELS[level] < Atomics.load(lowest, 0)) return
      const [given, text] = logLine(first, second)
      // Not only TypeScript calls it.
      const message = typeof text === 'string' ? text : toJobError(text).message
      const own = kind === undefined ? {} : { kind }
      const fields = fieldsJson(own, given)
      send({ helve: 'log', level, id, fields, message: cut(message, MAX_ERROR_BYTES) })
    }
  }
  return {
    trace: method('trace'),
    debug: method('debug'),
    info: method('info'),
    warn: method('warn'),
    error: method('error'),
  }
}

/** Those of a line that cannot be sent, or not in bounds, are left out. */
function fieldsJson(own: object, given: object): string {
  try {
    const json = JSON.stringify({ ...given, ...own }, (_, value: unknown) =>
      value instanceof Error ? toJobError(value) : value,
    )
    checkSize(json, 'fields', MAX_LOG_BYTES)
    return json
  } catch (error) {
    return JSON.stringify({ ...own, unloggable: toJobError(error).message })
  }
}

/** Asks the main thread, which alone reads the queue's file. */
async function getWebhook(id: number): Promise<Webhook | undefined> {
  const { port1, port2 } = new MessageChannel()
  try {
    const answer = once(port1, 'message') as Promise<[WebhookAnswer]>
    send({ helve: 'webhook', id, reply: port2 }, [port2])
    const [{ webhook, error }] = await answer
    if (error !== undefined) throw new Error(error)
    return webhook
  } finally {
    port1.close()
  }
}
