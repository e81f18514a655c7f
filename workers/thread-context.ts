import { MessageChannel, threadId, type MessagePort } from 'node:worker_threads'
import { checkInteger } from '../src/job/check.ts'
import { EndpointHeldError } from '../src/job/endpoint.ts'
import { cut, toJobError } from '../src/job/failure.ts'
import type { Logger, LogMethod, ThreadContext } from '../src/run/handler.ts'
import { byLevel } from '../src/run/by-level.ts'
import { logLine } from '../src/run/log-arguments.ts'
import { MAX_ERROR_BYTES, MAX_LOG_BYTES } from '../src/job/limits.ts'
import { checkSize } from '../src/job/payload.ts'
import type { WebhookDesk } from '../src/job/webhook-desk.ts'
import type { Outbox } from '../src/run/outbox.ts'
import { unitsOf, type Credit } from '../src/thread/credit.ts'
import { send } from './messages.ts'
import {
  LOG_LEVELS,
  type Answer,
  type LogLevel,
  type Question,
  type ThreadMessage,
} from '../src/thread/protocol.ts'

/** A line on its way to the host's log. */
export type ThreadLine = Omit<Extract<ThreadMessage, { helve: 'log' }>, 'helve' | 'units'>

// Kept here, because a handler may replace the globals.
const { stringify } = JSON
const { load } = Atomics

/** Units of a question: the main thread reads or writes the file for each question. */
const QUESTION_UNITS = 2

export function threadContext(
  logLevel: Int32Array,
  outbox: Outbox<ThreadLine>,
  credit: Credit,
): ThreadContext {
  const logger = threadLogger(logLevel, outbox, null)
  return { id: threadId, logger, webhooks: deskOf(credit) }
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
function deskOf(credit: Credit): WebhookDesk {
  return {
    getWebhook: async (id) => ask({ ask: 'getWebhook', about: checkId(id) }, credit),
    openAttempt: (about) => ask({ ask: 'openAttempt', about }, credit),
  }
}

/** Checked here, so that the error reaches the handler with its code. */
function checkId(id: number): number {
  return checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
}

/** Asks the main thread a question. */
export async function ask<T>(question: Question, credit: Credit): Promise<T> {
  await credit.taken(QUESTION_UNITS)
  const { answer, error, code, held } = await answers.to(question)
  if (held !== undefined) throw new EndpointHeldError(held)
  if (error !== undefined) throw Object.assign(new Error(error), code && { code })
  return answer as T
}

/** Waits for the answers to this thread's questions: one port, since a port costs much. */
class Answers {
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #port: MessagePort | undefined
  #asked = 0

  to(question: Question): Promise<Answer> {
    this.#asked += 1
    const id = this.#asked
    const message = { helve: 'question', question, id, units: QUESTION_UNITS } as const
    // A question that cannot be cloned throws here, and must not take the port along.
    if (this.#port === undefined) this.#port = this.#opened(message)
    else send(message)
    // Without a question that waits, the port keeps no thread alive.
    this.#port.ref()
    return new Promise((resolve) => this.#waiting.set(id, resolve))
  }

  /** Sends the first question, with the other end of the port for the main thread. */
  #opened(message: Extract<ThreadMessage, { helve: 'question' }>): MessagePort {
    const { port1, port2 } = new MessageChannel()
    send({ ...message, reply: port2 }, [port2])
    port1.on('message', (answer: Answer) => {
      this.#waiting.get(answer.id)?.(answer)
      this.#waiting.delete(answer.id)
      if (this.#waiting.size === 0) port1.unref()
    })
    return port1
  }
}

const answers = new Answers()
