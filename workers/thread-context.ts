import { once } from 'node:events'
import { MessageChannel, threadId } from 'node:worker_threads'
import { checkInteger } from '../src/job/check.ts'
import type { Webhook } from '../src/job/delivery.ts'
import { cut, toJobError } from '../src/job/failure.ts'
import type { Logger, LogMethod, ThreadContext } from '../src/run/handler.ts'
import { byLevel } from '../src/run/by-level.ts'
import { logLine } from '../src/run/log-arguments.ts'
import { MAX_ERROR_BYTES, MAX_LOG_BYTES } from '../src/job/limits.ts'
import { checkSize } from '../src/job/payload.ts'
import type { Outbox } from '../src/run/outbox.ts'
import { unitsOf, type Credit } from '../src/thread/credit.ts'
import { send } from './messages.ts'
import {
  LOG_LEVELS,
  type LogLevel,
  type ThreadMessage,
  type WebhookAnswer,
} from '../src/thread/protocol.ts'

/** A line on its way to the host's log. */
export type ThreadLine = Omit<Extract<ThreadMessage, { helve: 'log' }>, 'helve' | 'units'>

// Kept here, because a handler may replace the globals.
const { stringify } = JSON
const { load } = Atomics

/** Units of a question for a webhook: the main thread reads the file for each question. */
const QUESTION_UNITS = 2

export function threadContext(
  logLevel: Int32Array,
  outbox: Outbox<ThreadLine>,
  credit: Credit,
): ThreadContext {
  const logger = threadLogger(logLevel, outbox, null)
  return { id: threadId, logger, webhooks: { getWebhook: (id) => getWebhook(id, credit) } }
}

/**
 * Sends the lines that the host's logger would print; other lines cost nothing.
 *
 * @param lowest shared: the lowest level that is printed at the moment
 */
export function threadLogger(
  lowest: Int32Array,
  outbox: Outbox<ThreadLine>,
  id: number | null,
  kind?: string,
): Logger {
  const method = (level: LogLevel): LogMethod => {
    return (first: object | string, second?: string) => {
      if (LOG_LEVELS[level] < load(lowest, 0)) return
      const [given, text] = logLine(first, second)
      // JavaScript may call the logger with a text that is no string.
      const message = cut(
        typeof text === 'string' ? text : toJobError(text).message,
        MAX_ERROR_BYTES,
      )
      const own = kind === undefined ? {} : { kind }
      const fields = fieldsJson(own, given)
      const units = unitsOf(fields.length + message.length)
      outbox.line(id, { level, id, fields, message }, units)
    }
  }
  return byLevel(method)
}

/**
 * The fields of a line as JSON. Fields that cannot be sent, or exceed the bounds, are left out, and
 * `unloggable` says why.
 */
function fieldsJson(own: object, given: object): string {
  try {
    const json = stringify({ ...given, ...own }, (_, value: unknown) =>
      value instanceof Error ? toJobError(value) : value,
    )
    checkSize(json, 'fields', MAX_LOG_BYTES)
    return json
  } catch (error) {
    return stringify({ ...own, unloggable: toJobError(error).message })
  }
}

/** Asks the main thread, because only the main thread reads the queue's file. */
async function getWebhook(id: number, credit: Credit): Promise<Webhook | undefined> {
  // The main thread drops a question with any other id: nobody would answer, or give back the
  // units.
  checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
  await credit.taken(QUESTION_UNITS)
  const { port1, port2 } = new MessageChannel()
  try {
    const answer = once(port1, 'message') as Promise<[WebhookAnswer]>
    send({ helve: 'webhook', id, reply: port2, units: QUESTION_UNITS }, [port2])
    const [{ webhook, error }] = await answer
    if (error !== undefined) throw new Error(error)
    return webhook
  } finally {
    port1.close()
  }
}
