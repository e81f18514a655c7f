import type { MessagePort } from 'node:worker_threads'
import type { Webhook } from '../job/delivery.ts'
import type { HandlerOutcome } from '../job/outcome.ts'
import type { Pulse } from './pulse.ts'

// What passes between the main thread and a thread of a pool.

/** Given to a thread when it starts. */
export interface ThreadData {
  /** `file:` URL of the handlers module. */
  handlers: string
  config: unknown
  /** Whether batches are run one after the other, though the next one may be there already. */
  serial: boolean
  /** Shared: one word, the lowest of {@link LOG_LEVELS} that is worth a message at the moment. */
  logLevel: Int32Array
  /** Shared: the {@link Flag} of each slot; the word behind the last slot's is the bell. */
  flags: Int32Array
  /** Shared: when each slot's run started: epoch milliseconds, with fractions; 0 before. */
  starts: Float64Array
  /** Shared: that of a thread whose batches are run side by side. */
  pulse: Pulse | undefined
  /** Shared: the words of its `SpawnGuard`. */
  spawnGuard: Int32Array
  /** Shared: the words of its `Credit`. */
  credit: Int32Array
}

/** One job, handed to a slot of a thread. */
export interface Task {
  slot: number
  id: number
  token: number
  kind: string
  /** JSON. */
  payload: string
  dedupeKey: string | null
  attempt: number
  maxAttempts: number
  createdAt: number
}

/**
 * One hand-off: jobs that a thread runs one after the other. Tuples, since a message spells out
 * the names of an object's fields again for each object.
 */
export type Batch = TaskTuple[]

type TaskTuple = [
  slot: number,
  id: number,
  token: number,
  kind: string,
  payload: string,
  dedupeKey: string | null,
  attempt: number,
  maxAttempts: number,
  createdAt: number,
]

export function taskOf(tuple: TaskTuple): Task {
  const [slot, id, token, kind, payload, dedupeKey, attempt, maxAttempts, createdAt] = tuple
  return { slot, id, token, kind, payload, dedupeKey, attempt, maxAttempts, createdAt }
}

/** Given to a new thread, which answers with its kinds once its handlers are set up. */
export const SET_UP = 'set up'

/** Given to a thread that ends in good order, after its last job. */
export const CLOSE = 'close'

/**
 * The state of a slot, which both sides move by compare-and-exchange:
 *
 * ```
 *   waiting ──thread──▶ started ──thread──▶ done
 *      │                   │                 ▲
 *      └──main──▶ revoked  └──main──▶ ended ─┘ thread
 * ```
 *
 * Exactly one of the thread (`started`) and the main thread (`revoked`) gets a waiting job. A run
 * that is `ended` has been told to end, and may still be going on.
 */
export const Flag = { waiting: 0, started: 1, revoked: 2, ended: 3, done: 4 } as const

/** The outcome of a run that returned nothing, and wants nothing. */
export const COMPLETED: HandlerOutcome = {
  type: 'completed',
  result: undefined,
  followUps: [],
  deliveries: [],
}

/** The settle message of one run. The token fences it: a handler cannot speak for other jobs. */
export interface Report {
  slot: number
  token: number
  /** Undefined for {@link COMPLETED}, which is what most runs come to. */
  outcome: HandlerOutcome | undefined
  /** Milliseconds that the run took; undefined when the thread did not get to say. */
  took: number | undefined
  /** What the main thread gives back to the thread's `Credit`; none for what weighs little. */
  units?: number | undefined
}

/**
 * What a thread sends while its batch goes on. From its first job on the messages have a port of
 * their own: the `parentPort`, on which any code of the thread can post anything, is closed then.
 */
export type ThreadMessage =
  /** `last`: they stand in for the result of the batch. */
  | { helve: 'reports'; reports: Report[]; last: boolean }
  | {
      helve: 'log'
      level: LogLevel
      /** The job whose handler logs; `null` in the module's setup. */
      id: number | null
      /** JSON of an object. */
      fields: string
      message: string
      /** What the main thread gives back to the thread's `Credit`. */
      units: number
    }
  /** `json` is undefined for a value that is. */
  | { helve: 'progress'; id: number; json: string | undefined; units: number }
  | { helve: 'webhook'; id: number; reply: MessagePort; units: number }
  /** A process that a run has started; not `alive`: it has exited. */
  | { helve: 'child'; slot: number; token: number; pid: number; alive: boolean }

/** The one message that gives the main thread the port of the others. */
export interface PortMessage {
  helve: 'port'
  port: MessagePort
}

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
