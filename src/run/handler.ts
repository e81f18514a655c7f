import type { Spawn } from './children.ts'
import type { DeliveryRecord, Webhook } from '../job/delivery.ts'
import type { AnyPayload, JsonPayload } from '../job/json-type.ts'
import type { AnyKinds, SubmissionArguments } from '../job/kinds.ts'

/** The job as its handler sees it, with a payload of whatever type. */
export interface JobOf<P> {
  readonly id: number
  readonly kind: string
  /** Parsed; a fold replaces it with the newest submission's until the run starts. */
  readonly payload: P
  readonly dedupeKey: string | null
  /** Counts this run; 1 is the first. */
  readonly attempt: number
  /** Runs in all, the first included. */
  readonly maxAttempts: number
  /** Epoch milliseconds. */
  readonly createdAt: number
}

/**
 * The job as its handler sees it.
 *
 * @typeParam P its payload, which has to be a type that JSON brings back
 */
export type Job<P extends JsonPayload<P> = AnyPayload> = JobOf<P>

/** Runs jobs with payloads of whatever type, and may know the kinds that it enqueues. */
export type HandlerOf<P, T = AnyKinds> = (job: JobOf<P>, ctx: HandlerContext<T>) => unknown

/**
 * Runs one job. Returning (or resolving) completes it, throwing (or rejecting) fails it. Runs
 * happen at least once, and in no promised order; never twice at a time for one job or dedupe key.
 */
export type Handler<P extends JsonPayload<P> = AnyPayload> = HandlerOf<P>

/**
 * What a handler may do besides its work. All of it can be taken apart: `(job, { enqueue }) => …`.
 * Once the run is over, everything that would change the queue or start a process throws.
 *
 * @typeParam T kinds and their payloads, for {@link enqueue}: `{ reindex: { repo_pk: number } }`
 */
export interface HandlerContext<T = AnyKinds> {
  /**
   * Aborts when the run is to end: its timeout is over, it is cancelled, or the runtime stops. A run
   * that goes on after that is ended by force once the kind's `grace` is over; on the main thread
   * nothing can be.
   */
  readonly signal: AbortSignal
  /**
   * The same as a flag that can be read inside a synchronous loop. Taken apart, it is what it was at
   * that moment.
   */
  readonly aborted: boolean
  /**
   * Its lines come out of the host's logger, with the fields `job`, `kind` and, from a thread,
   * `thread`: a field of the handler's own that has one of these names is left out. From a thread,
   * a line has at most 8 KiB of text and 64 KiB of fields. Lines that come faster than the host logs
   * them are dropped beyond 1,000, and one warning says how many.
   */
  readonly logger: Logger
  /**
   * Emits `progress` on the runtime. The value must be JSON, 1 MiB at most; it is not kept. Of values
   * that come faster than they are heard the newest is emitted. After the end of the run it goes
   * nowhere.
   */
  progress(value: unknown): void
  /**
   * Enqueues a job in the transaction that completes this one: both happen or neither does. A run
   * that fails enqueues nothing.
   *
   * Schemas, and the defaults of `priority` and `delay` that kinds have, are the runtime's.
   *
   * @throws HelveError for bad input, as `runtime.enqueue` does; `HELVE_ERR_BACKPRESSURE` after
   *   1,000 of a run, `HELVE_ERR_PAYLOAD_TOO_LARGE` after 16 MiB: let one of them enqueue the rest;
   *   `HELVE_ERR_CLOSED` when the run is over
   */
  enqueue(...submission: SubmissionArguments<T>): void
  /**
   * Asks for a later run, which starts no earlier than `ms` milliseconds from the end of this one.
   * Takes effect when the handler returns: the job goes back to the queue, no attempt is spent,
   * and what it enqueued counts. A job that is older than its kind's `maxAge` by then is dead. A
   * handler that throws has failed, whatever it asked for.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for what is no delay, `HELVE_ERR_CLOSED` when the run is
   *   over
   */
  snooze(ms: number): void
  /**
   * Opens the breaker of the job's group: for `ms` milliseconds from the end of this run no job of
   * the group starts, and then one tries the group. A service that is to be left alone for a while
   * (`Retry-After`) is the case for that. Takes effect however the run ends, unless it is
   * interrupted. A job without a group has no breaker.
   *
   * @param reason told by `explain`, the event `breaker:open` and `runtime.breakers()`
   * @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_CLOSED` when the run is over
   */
  tripBreaker(ms: number, reason: string): void
  /**
   * Keeps a webhook delivery attempt in the transaction that settles this run, failed or not; of a
   * run that is interrupted nothing is kept.
   *
   * @throws HelveError as {@link enqueue} does, with which it shares the 16 MiB; `HELVE_ERR_OPTION` for
   *   what is no record; `DataCloneError` for what cannot be cloned
   */
  recordDelivery(record: DeliveryRecord): void
  /**
   * Starts a process, as `child_process.spawn` does, in a process group of its own. Nothing of the
   * group outlives the run: when the run ends, or is ended by force, what is left of it is killed.
   * Until then the child is the handler's, which may give it `signal: ctx.signal`. A child that
   * fails while nobody listens to its `error` is logged.
   *
   * @throws HelveError `HELVE_ERR_CLOSED` when the run is over
   */
  spawn: Spawn
}

/** The part of a logger that helve uses: pino's, Fastify's and the console have it. */
export interface Logger {
  trace: LogMethod
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
}

/** Logs fields with a message, an error, or a message alone; a level that is off costs nothing. */
export interface LogMethod {
  (fields: object, message?: string): void
  (message: string): void
}

/** The thread that a handlers module is set up in. */
export interface ThreadContext {
  /** Its `threadId`; 0 is the main thread. */
  readonly id: number
  readonly logger: Logger
  /** Reads webhooks from the runtime's store. */
  readonly webhooks: { getWebhook(id: number): Promise<Webhook | undefined> }
}
