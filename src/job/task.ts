import type { MessagePort } from 'node:worker_threads'
import type { Webhook } from './delivery.ts'
import type { Outcome } from './outcome.ts'

// What passes between the main thread and a thread of a pool.

/** Given to a thread when it starts. */
export interface ThreadData {
  /** `file:` URL of the handlers module. */
  handlers: string
  config: unknown
  /** Lowest pino level that is worth a message. */
  logLevel: number
  /** Shared: the {@link Flag} of each slot, and behind them the bell. */
  flags: Int32Array
  /** Shared: when each slot's run started: epoch milliseconds, with fractions; 0 before. */
  starts: Float64Array
}

/** One job, handed to a slot of a thread. */
export interface Task {
  slot: number
  id: number
  kind: string
  /** JSON. */
  payload: string
  dedupeKey: string | null
  attempt: number
  maxAttempts: number
  createdAt: number
}

/** Given to a thread that ends in good order, after its last job. */
export const CLOSE = 'close'

/** States of a slot's flag; the word behind the last slot's is the bell that the thread waits on. */
export const Flag = { none: 0, abort: 1 } as const

/** What a run in a thread can come to; what befalls the thread itself, the pool knows. */
export type TaskOutcome = Extract<Outcome, { type: 'completed' | 'failed' }>

/** What a thread sends while a run goes on. Handlers can forge them: they carry no authority. */
export type ThreadMessage =
  | {
      helve: 'log'
      level: LogLevel
      /** The job whose handler logs; `null` in the module's setup. */
      id: number | null
      /** JSON of an object. */
      fields: string
      message: string
    }
  | { helve: 'progress'; id: number; value: unknown }
  | { helve: 'webhook'; id: number; reply: MessagePort }

/** What comes back on the `reply` port of a webhook question. */
export interface WebhookAnswer {
  webhook?: Webhook
  error?: string
}

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** The numbers of pino's levels. */
export const LOG_LEVELS: Record<LogLevel, number> = {
  trace: 10,
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
}
