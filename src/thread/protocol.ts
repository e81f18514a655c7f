import type { MessagePort } from 'node:worker_threads'
import type { AttemptOpening } from '../job/attempt-start.ts'
import type { Held } from '../job/endpoint.ts'
import type { HandlerOutcome } from '../job/outcome.ts'
import type { Pulse } from './pulse.ts'

// What the main thread and a thread of a pool send each other, and share.

/** Given to a thread when it starts. */
export interface ThreadData {
  /** `file:` URL of the handlers module. */
  handlers: string
  config: unknown
  /**
   * Whether the thread runs its batches one after the other. The next batch may arrive before the
   * last batch has ended.
   */
  serial: boolean
  /** Shared: one word, the lowest of {@link LOG_LEVELS} that the host prints at the moment. */
  logLevel: Int32Array
  /**
   * Shared: the {@link Flag} of each slot. The last word, after those of the slots, is the bell.
   */
  flags: Int32Array
  /** Shared: when the run of each slot started, in epoch milliseconds with fractions; 0 before. */
  starts: Float64Array
  /**
   * Shared: the pulse of a thread that runs its batches side by side; undefined for other threads.
   */
  pulse: Pulse | undefined
  /** Shared: the words of the thread's `SpawnGuard`. */
  spawnGuard: Int32Array
  /** Shared: the words of the thread's `Credit`. */
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
 * One hand-off: jobs that a thread runs one after the other. Tuples, because a message of objects
 * repeats the names of the fields for each object.
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

/**
 * The first task of a new thread. The thread answers with its kinds once its handlers are set up.
 */
export const SET_UP = 'set up'

/** The task of a thread that ends in good order, after its last job. */
export const CLOSE = 'close'

/**
 * The state of a slot. Both sides change the state by compare-and-exchange:
 *
 * ```
 *   waiting ──thread──▶ started ──thread──▶ done
 *      │                   │                 ▲
 *      └──main──▶ revoked  └──main──▶ ended ─┘ thread
 * ```
 *
 * Exactly one of the thread (`started`) and the main thread (`revoked`) gets a waiting job. A run
 * whose slot is `ended` has been told to end, and may still go on.
 */
export const Flag = { waiting: 0, started: 1, revoked: 2, ended: 3, done: 4 } as const

/** The outcome of a completed run without a result and without effects. */
export const COMPLETED: HandlerOutcome = {
  type: 'completed',
  result: undefined,
  followUps: [],
  deliveries: [],
}

/**
 * The message that tells the outcome of one run. The token keeps a handler from speaking for other
 * jobs.
 */
export interface Report {
  slot: number
  token: number
  /** Undefined stands for {@link COMPLETED}, the outcome of most runs. */
  outcome: HandlerOutcome | undefined
  /** Milliseconds that the run took; undefined if the thread did not measure them. */
  took: number | undefined
  /**
   * Units that the main thread gives back to the thread's `Credit`; undefined for a light outcome.
   */
  units?: number | undefined
}

/**
 * What a thread sends while its batch goes on. From the first job on, the messages have a port of
 * their own. The `parentPort` is closed then, because any code of the thread can post anything on
 * it.
 */
export type ThreadMessage =
  /** `last`: the reports stand in for the result of the batch. */
  | { helve: 'reports'; reports: Report[]; last: boolean }
  | {
      helve: 'log'
      level: LogLevel
      /** The job whose handler logs; `null` in the module's setup. */
      id: number | null
      /** JSON of an object. */
      fields: string
      message: string
      /** Units that the main thread gives back to the thread's `Credit`. */
      units: number
    }
  /** `json` is undefined if the value is undefined. */
  | { helve: 'progress'; id: number; json: string | undefined; units: number }
  /**
   * `reply` is the port of the answers. The first question of a thread brings the port along, and
   * all answers have the `id` of their question.
   */
  | { helve: 'question'; question: Question; id: number; reply?: MessagePort; units: number }
  /** `alive`: a run has started this process. Not `alive`: the process has exited. */
  | { helve: 'child'; slot: number; token: number; pid: number; alive: boolean }

/** The one message that gives the main thread the port of the messages after it. */
export interface PortMessage {
  helve: 'port'
  port: MessagePort
}

/** A question about webhooks, by a function of the main thread's `WebhookDesk`, or of a run. */
export type Question =
  | { ask: 'getWebhook'; about: number }
  | { ask: 'openAttempt'; about: AttemptOpening }
  | { ask: 'enterEndpoint'; about: { job: number; endpoint: string } }

/** The answer to a question, on the port of the answers. */
export interface Answer {
  /** The id of the question. */
  id: number
  answer?: unknown
  /** What keeps the run out of the endpoint that the question is about. */
  held?: Held
  error?: string
  /** The code of the error, if it has one. */
  code?: string
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
