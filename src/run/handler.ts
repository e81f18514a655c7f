import type { Spawn } from './children.ts'
import type { DeliveryRecord } from '../job/delivery.ts'
import type { WebhookDesk } from '../job/webhook-desk.ts'
import type { Publication } from '../job/publication.ts'
import type { AnyPayload, JsonPayload } from '../job/json-type.ts'
import type { AnyKinds, SubmissionArguments } from '../job/kinds.ts'

/** The job as its handler sees it, with a payload of any type. */
export interface JobOf<P> {
  readonly id: number
  readonly kind: string
  /**
   * Parsed. Until the run starts, a fold replaces the payload with that of the newest submission.
   */
  readonly payload: P
  readonly dedupeKey: string | null
  /** The number of this attempt; 1 is the first. */
  readonly attempt: number
  /** Attempts in all, the first included. */
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

/** Runs jobs with payloads of type `P`, and enqueues jobs of the kinds in `T`. */
export type HandlerOf<P, T = AnyKinds> = (job: JobOf<P>, ctx: HandlerContext<T>) => unknown

/**
 * Runs one job. Returning (or resolving) completes the job, throwing (or rejecting) fails the run.
 * A job runs at least once, and jobs run in no promised order. Two runs of one job, or of one
 * dedupe key, never overlap.
 */
export type Handler<P extends JsonPayload<P> = AnyPayload> = HandlerOf<P>

/**
 * What a handler may do besides its work. A handler can destructure the context:
 * `(job, { enqueue }) => …`. Once the run is over, every call that would change the queue or start
 * a process throws.
 *
 * @typeParam T kinds and their payloads, for {@link enqueue}: `{ reindex: { repo_pk: number } }`
 */
export interface HandlerContext<T = AnyKinds> {
  /**
   * Aborts when the run has to end: its timeout is over, the job is cancelled, or the runtime
   * stops. A run that goes on after the kind's `grace` is ended by force. On the main thread no run
   * can be ended by force.
   */
  readonly signal: AbortSignal
  /**
   * Whether {@link signal} has aborted; also changes inside a synchronous loop. Destructured, the
   * flag keeps the value of that moment.
   */
  readonly aborted: boolean
  /**
   * Writes lines to the host's logger, with the fields `job`, `kind` and, from a thread, `thread`.
   * These fields replace the handler's own fields of the same names. From a thread, a line has at
   * most 8 KiB of text and 64 KiB of fields. Of lines that come faster than the host logs them,
   * those beyond 1,000 are dropped, and one warning says how many.
   */
  readonly logger: Logger
  /**
   * Emits `progress` on the runtime. The value must be JSON, 1 MiB at most, and is not stored. When
   * values come faster than they are heard, the newest is emitted. After the end of the run a value
   * is dropped.
   */
  progress(value: unknown): void
  /**
   * Enqueues a job in the transaction that completes this job: both happen or neither does. A run
   * that fails enqueues nothing.
   *
   * The schemas of kinds, and their defaults of `priority` and `delay`, apply only to submissions
   * through the runtime.
   *
   * @throws HelveError for bad input, as `runtime.enqueue` does; `HELVE_ERR_BACKPRESSURE` beyond
   *   1,000 jobs of a run, `HELVE_ERR_PAYLOAD_TOO_LARGE` beyond 16 MiB: let one of the jobs enqueue
   *   the rest; `HELVE_ERR_CLOSED` when the run is over
   */
  enqueue(...submission: SubmissionArguments<T>): void
  /**
   * Asks for a later run, which starts no earlier than `ms` milliseconds after the end of this run.
   * Takes effect when the handler returns: the job goes back to the queue, no attempt is spent, and
   * the jobs that the handler enqueued are written. A job that is older than its kind's `maxAge` by
   * then is dead. A handler that throws has failed, even after a call of `snooze`.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for an invalid delay, `HELVE_ERR_CLOSED` when the run is
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
   * Enters somebody else's service, which has a name of the handler's choice, such as the origin of
   * its URL. The run leaves the endpoint when it ends. Of the kind's runs, `endpointConcurrency` are
   * in one endpoint at a time, over all groups. With the option `breaker`, an endpoint has a breaker
   * as a group has: runs that fail with {@link UnreachableError} count as failures of the endpoint,
   * and not of their group; runs that complete, or fail otherwise, have reached the endpoint.
   *
   * An endpoint that is full for 250 ms, or whose breaker is open, takes no run in. The promise then
   * rejects, and the run ends without spending an attempt if the handler lets the rejection pass. The
   * group of the job is held back for a second, or until the breaker lets a run in, and the job keeps
   * its place.
   *
   * Operators see the breaker of endpoint `x` in `runtime.breakers()` as that of group `endpoint x`.
   *
   * @param endpoint up to 503 bytes, not empty
   * @throws HelveError (as a rejection) `HELVE_ERR_OPTION`, also for a second endpoint of one run;
   *   `HELVE_ERR_CLOSED` when the run is over
   */
  enterEndpoint(endpoint: string): Promise<void>
  /**
   * Keeps the record of a webhook delivery attempt, in the transaction that settles this run,
   * failed or not. An interrupted run keeps no records.
   *
   * @throws HelveError as {@link enqueue} does, and both share the 16 MiB; `HELVE_ERR_OPTION` for
   *   an invalid record; `DataCloneError` for a record that cannot be cloned
   */
  recordDelivery(record: DeliveryRecord): void
  /**
   * Publishes an event for webhooks, in the transaction that completes this job: both happen or
   * neither does. As `runtime.webhooks.publish` otherwise. A handler that may run twice gives a
   * `guid` of its own, which does not change: the second publication then makes nothing new.
   *
   * @throws HelveError as {@link enqueue} does, and both share the 16 MiB; `HELVE_ERR_OPTION`
   */
  publish(event: string, publication: Publication): void
  /**
   * Starts a process, as `child_process.spawn` does, in a process group of its own. No process of
   * the group outlives the run: when the run ends, or is ended by force, helve kills the rest of
   * the group. Until then the child belongs to the handler, which may give it `signal: ctx.signal`.
   * A child that fails while nobody listens to its `error` is logged.
   *
   * @throws HelveError `HELVE_ERR_CLOSED` when the run is over
   */
  spawn: Spawn
}

/** The methods of a logger that helve calls: pino, Fastify's logger and the console have them. */
export interface Logger {
  trace: LogMethod
  debug: LogMethod
  info: LogMethod
  warn: LogMethod
  error: LogMethod
}

/**
 * Logs fields with a message, an error, or a message alone. A line of a level that is off costs
 * nothing.
 */
export interface LogMethod {
  (fields: object, message?: string): void
  (message: string): void
}

/** The thread that a handlers module is set up in. */
export interface ThreadContext {
  /** The `threadId` of the thread; 0 is the main thread. */
  readonly id: number
  readonly logger: Logger
  /** The webhooks of the runtime's store, for `deliverWebhookHandler`. */
  readonly webhooks: WebhookDesk
}
