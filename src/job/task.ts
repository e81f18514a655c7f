import type { DeliveryRecord } from './delivery.ts'
import type { Outcome } from './outcome.ts'
import type { NewJob } from './job.ts'

// What passes between the main thread and a thread of a pool.

/** Given to a thread when it starts. */
export interface ThreadData {
  /** `file:` URL of the handlers module. */
  handlers: string
  config: unknown
  /** Lowest pino level that is worth a message. */
  logLevel: number
  /** The {@link Flag} of each slot, and behind them the {@link FLAG_BELL}. */
  flags: Int32Array
  /** When each slot's run started: epoch milliseconds, with fractions; 0 before. */
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

/** The last task of a thread that ends in good order. */
export type LastTask = 'close'

export const Flag = {
  none: 0,
  /** The run is to end: set by the main thread, which then rings the bell. */
  abort: 1,
} as const

/** What a run in a thread can come to; what befalls the thread itself, the pool knows. */
export type TaskOutcome = Extract<Outcome, { type: 'completed' | 'failed' }>

/** What a thread sends while a run goes on. Handlers can forge them: they carry no authority. */
export type ThreadMessage =
  | { helve: 'log'; level: LogLevel; id: number | null; fields: string | null; message: string }
  | { helve: 'progress'; id: number; value: string }
  | { helve: 'webhook'; id: number; reply: MessagePort }

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error'

/** What a handler put aside for its settling. */
export interface Effects {
  followUps: NewJob[]
  deliveries: DeliveryRecord[]
}
