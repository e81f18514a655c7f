import type { Explanation } from '../coordinator/explain.ts'
import { checkStore, type Enqueuer } from '../store-enqueuer.ts'
import type { AnyEvent, AnyListener, EventName, Listener, RuntimeEvents } from '../events.ts'
import type { Breaker } from '../job/breaker.ts'
import { badOption, checkKeys, checkNumber } from '../job/check.ts'
import type { EnqueueResult, JobRecord } from '../job/job.ts'
import type { ConfigOf, KindOf, PayloadFor, PayloadsOf, Rest, Submission } from '../job/kinds.ts'
import { MAX_DELAY } from '../job/limits.ts'
import type { Pause, PauseTarget } from '../job/pause.ts'
import type { KindOptions } from '../job/policy.ts'
import type { Handler, HandlerOf } from '../run/handler.ts'
import type { Counts, ListQuery, Page } from '../store/inspection.ts'
import type { HostedStore } from '../store/sqlite/host-connection.ts'
import type { Store } from '../store/store.ts'
import { Admin, checkId } from './admin.ts'
import { Intake } from './intake.ts'
import { checkThreads } from './lane-options.ts'
import { Lifecycle, STOP_TIMEOUT, type Beginning, type Stopped } from './lifecycle.ts'
import { checkRuntimeOptions, type NeededConfig, type RuntimeOptions } from './options.ts'
import { partsOf, type Parts } from './parts.ts'
import { Unowned } from './no-owner.ts'
import { RuntimeWebhooks } from './webhooks.ts'

/**
 * The queue's engine in a host's process: it takes jobs in, runs them in their lanes, and settles
 * them. Everything goes through one coordinator, which owns the store's file from the first
 * `start`, `run` or `runOnce` until `stop`.
 *
 * @typeParam M the handlers module (`typeof import('./handlers.ts').default`), whose kinds and
 *   payloads `enqueue` takes
 * @typeParam I kinds that are not in the module, registered as functions:
 *   `{ touch_repo: { repo_pk: number } }`
 * @typeParam S the store, which says what {@link enqueueIn} takes and returns
 */
export class Runtime<M = unknown, I = unknown, S extends Store = HostedStore> implements Enqueuer<
  PayloadsOf<M, I>
> {
  readonly #store: S
  readonly #parts: Parts
  readonly #intake: Intake
  readonly #lifecycle: Lifecycle
  readonly #admin: Admin
  readonly #unowned: Unowned
  /** Publishes events for webhooks, and sends them again. */
  readonly webhooks: RuntimeWebhooks<S>

  /**
   * Makes a runtime. The runtime claims nothing, and starts no thread, before `start`, `run` or
   * `runOnce`.
   *
   * @throws HelveError `HELVE_ERR_OPTION`
   */
  constructor(store: S, options?: RuntimeOptions<ConfigOf<M>> & NeededConfig<ConfigOf<M>>)
  constructor(store: S, options: RuntimeOptions = {}) {
    checkStore(store, 'turn')
    this.#store = store
    this.#parts = partsOf(store, checkRuntimeOptions(options))
    this.#unowned = new Unowned(this.#parts)
    this.#intake = new Intake(this.#parts, () => this.#unowned.accepted())
    this.#lifecycle = new Lifecycle(this.#parts)
    this.#admin = new Admin(this.#parts)
    this.webhooks = new RuntimeWebhooks({
      ...this.#parts,
      checkOpen: () => this.#lifecycle.checkOpen(),
      onPublication: () => this.#unowned.accepted(),
    })
  }

  /**
   * Sets the policy of a kind of the handlers module, or registers a function that runs the kind on
   * the main thread (cheap asynchronous work only: nothing can stop a function by force). A second
   * registration of a kind replaces the first, and counts for runs that start after it.
   *
   * @throws HelveError `HELVE_ERR_KIND`, `HELVE_ERR_OPTION`
   */
  register<K extends KindOf<PayloadsOf<M, I>>>(
    kind: K,
    handler: HandlerOf<PayloadsOf<M, I>[K], PayloadsOf<M, I>>,
    options?: KindOptions<PayloadsOf<M, I>[K]>,
  ): void
  register<K extends KindOf<PayloadsOf<M, I>>>(
    kind: K,
    options: KindOptions<PayloadsOf<M, I>[K]>,
  ): void
  register(kind: string, first: KindOptions | HandlerOf<never>, options: KindOptions = {}): void {
    const { registry } = this.#parts
    if (typeof first === 'function') registry.register(kind, first as Handler, options)
    else registry.register(kind, undefined, first)
    this.#lifecycle.regroup(kind)
  }

  /**
   * Sets the number of threads of the default lane, also while jobs run: no run is interrupted.
   *
   * @param threads below one means one
   * @throws HelveError `HELVE_ERR_OPTION` for a value that is no number, and above 1,024
   */
  setWorkers(threads: number): void {
    this.#parts.lanes.resize('default', checkThreads(threads))
  }

  /**
   * Enqueues one job. With a `dedupeKey` that a queued or running job holds, the submission folds
   * into that job: after the promise has resolved, at least one run starts with this payload or a
   * newer one.
   *
   * @returns after the commit: the job survives the end of the process at any instant, and, with
   *   the store's durability `power`, a power cut
   * @throws HelveError (as a rejection; nothing is written) `HELVE_ERR_KIND`, `_PAYLOAD`,
   *   `_PAYLOAD_TOO_LARGE`, `_DEDUPE_KEY`, `_OPTION` for bad input; `_CLOSED` after `stop`;
   *   `_BACKPRESSURE` when 10,000 submissions wait already; `_STORE_*` when the store cannot write
   *   the job
   */
  enqueue<K extends KindOf<PayloadsOf<M, I>>>(
    kind: K,
    ...[payload, options]: Rest<PayloadFor<PayloadsOf<M, I>, K>>
  ): Promise<EnqueueResult> {
    return this.#intake.enqueue(kind, payload, options)
  }

  /**
   * Enqueues many jobs, with few commits.
   *
   * @returns the results of the jobs, in order
   * @throws HelveError when some submissions are refused, with the code of the first refusal. The
   *   other submissions are enqueued; the error's `results` say in order what became of each
   */
  async enqueueMany(
    submissions: readonly Submission<PayloadsOf<M, I>>[],
  ): Promise<EnqueueResult[]> {
    if (!Array.isArray(submissions)) throw badOption('submissions', 'an array', submissions)
    return this.#intake.enqueueMany(submissions)
  }

  /**
   * Enqueues in the transaction that is open on `connection`, the host's own better-sqlite3
   * connection to the same file. The job is committed or rolled back with that transaction. The
   * `synchronous` of the connection decides how durable the commit is (better-sqlite3 sets NORMAL).
   *
   * @throws HelveError as {@link enqueue} does, and `HELVE_ERR_OPTION` for a connection to another
   *   file or without an open transaction, or a schema that is asynchronous; an error of SQLite on
   *   that connection comes as SQLite's own error
   */
  enqueueIn<K extends KindOf<PayloadsOf<M, I>>>(
    connection: Parameters<S['enqueueIn']>[0],
    kind: K,
    ...[payload, options]: Rest<PayloadFor<PayloadsOf<M, I>, K>>
  ): ReturnType<S['enqueueIn']> {
    this.#lifecycle.checkOpen()
    const job = this.#intake.jobNow(kind, payload, options)
    const store: S = this.#store
    const now = this.#parts.clock.now()
    return store.enqueueIn(connection, job, now) as ReturnType<S['enqueueIn']>
  }

  /**
   * Takes ownership of the store's file and starts the threads, without claiming anything yet.
   * Resolves when each thread is up or has failed, and each lane has at least one thread. `run` and
   * `runOnce` start by themselves; `start` is for a host that has to own the file before it
   * prepares it.
   *
   * @param options.wait milliseconds for which the call goes on trying while another process owns
   *   the file, as in a rolling restart. @default 0
   * @throws HelveError `HELVE_ERR_OWNED` when another runtime owns the file; `HELVE_ERR_HANDLERS`
   *   when the threads of a lane cannot be set up; `HELVE_ERR_KIND` when a kind is registered that
   *   nobody handles; `HELVE_ERR_CLOSED` after `stop`. After an error, the runtime owns nothing,
   *   and no thread is left
   */
  async start(options: { wait?: number } = {}): Promise<void> {
    const { wait } = beginning(options, ['wait'])
    return this.#begin(() => this.#lifecycle.start(wait))
  }

  /**
   * Claims one job, the first of all that could start, and waits until the job is settled.
   *
   * @returns false when nothing was runnable
   * @throws HelveError as {@link start}; `HELVE_ERR_CLOSED` also if `stop` leaves the job running
   */
  runOnce(): Promise<boolean> {
    return this.#begin(() => this.#lifecycle.runOnce())
  }

  /**
   * Runs jobs until `signal` aborts or {@link stop} is called; resolves when all jobs that ran are
   * settled. Jobs that still run 20 s after an abort are interrupted.
   *
   * @param options.wait as that of {@link start}
   * @throws HelveError as {@link start}; `HELVE_ERR_OPTION` when this runtime runs already
   */
  async run(options: { signal?: AbortSignal; wait?: number } = {}): Promise<void> {
    const checked = beginning(options, ['signal', 'wait'])
    return this.#begin(() => this.#lifecycle.run(checked))
  }

  #begin<T>(work: () => Promise<T>): Promise<T> {
    this.#unowned.cancel()
    return work()
  }

  /**
   * Stops for good. The runtime accepts and claims no more jobs, and waits for running jobs (it
   * still takes in their follow-ups). After `timeout` it interrupts the jobs that still run: first
   * by their signal, then by killing their thread. Such a job is queued again, and its attempt
   * refunded. Then the runtime ends the threads and gives the file back. The store stays open.
   *
   * @param options.timeout milliseconds. @default 20000
   * @returns how many runs have ended since the call, were interrupted, and go on
   */
  stop(options: { timeout?: number } = {}): Promise<Stopped> {
    try {
      checkKeys(options, 'options', ['timeout'])
      const timeout = checkNumber(options.timeout ?? STOP_TIMEOUT, 'timeout', 0, MAX_DELAY)
      this.#intake.close()
      this.#unowned.cancel()
      return this.#lifecycle.stop(timeout)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** The same as {@link stop}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** A job with its state, attempts, crashes and errors; undefined once it is completed. */
  async get(id: number): Promise<JobRecord | undefined> {
    return this.#parts.store.get(checkId(id))
  }

  /**
   * One page of jobs.
   *
   * @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_KIND` for a bad query
   */
  list(query: ListQuery = {}): Promise<Page> {
    return this.#parts.store.list(query)
  }

  /** How many jobs there are, by kind and state. Costs the same however many jobs there are. */
  counts(): Promise<Counts> {
    return this.#parts.store.counts()
  }

  /**
   * Since when (epoch milliseconds) the longest due job has been due; undefined if no job is due.
   */
  oldestDue(): Promise<number | undefined> {
    const { store, clock } = this.#parts
    return store.oldestDue(clock.now())
  }

  /**
   * Queues a dead job again, due at once and with all its attempts. False when no dead job has this
   * id.
   *
   * @throws HelveError `HELVE_ERR_DEDUPE_KEY` when a newer job holds its key: the job stays dead
   */
  retry(id: number): Promise<boolean> {
    return this.#admin.retry(id)
  }

  /**
   * Cancels a job: the job becomes dead, with no attempt spent. A queued job is dead at once. A
   * running job gets the abort of its signal, and is ended by force after its kind's grace. It is
   * dead (`cancelled`) once it has stopped, unless it completes. Submissions folded into the
   * running job before the cancel are cancelled with it.
   *
   * @returns false when no live job has this id, or when the job runs in another process
   */
  cancel(id: number): Promise<boolean> {
    return this.#admin.cancel(id)
  }

  /**
   * Stops claiming jobs of a lane, a kind, or a group of a kind; running jobs go on. The store
   * keeps the pause, also over a restart, until {@link resume}.
   *
   * @param options.by who pauses the target, or what for; {@link explain} tells it. @default none
   * @returns false when the target was paused already
   * @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_KIND`
   */
  pause(target: PauseTarget, options: { by?: string } = {}): Promise<boolean> {
    return this.#admin.pause(target, options)
  }

  /** Ends a pause, also of a lane that has left the options. False when there was no pause. */
  resume(target: PauseTarget): Promise<boolean> {
    return this.#admin.resume(target)
  }

  /** What is paused. */
  pauses(): Promise<Pause[]> {
    return this.#parts.store.pauses()
  }

  /** The breakers of groups that are not closed. */
  breakers(): Promise<Breaker[]> {
    return this.#admin.breakers()
  }

  /**
   * Closes the breaker of a group: its jobs start as if nothing had failed. False when it is closed.
   *
   * @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_KIND`; `HELVE_ERR_OWNED` while another runtime
   *   owns the queue
   */
  closeBreaker(target: { kind: string; group: string }): Promise<boolean> {
    return this.#admin.closeBreaker(target)
  }

  /** Why a job does not run now; undefined when no job has this id (any more). */
  async explain(id: number): Promise<Explanation | undefined> {
    return this.#parts.coordinator.explain(checkId(id))
  }

  /** Deletes a dead job. False when no dead job has this id. */
  discard(id: number): Promise<boolean> {
    return this.#admin.discard(id)
  }

  /**
   * Deletes the jobs that died before a moment, turn after turn, so that other work goes on
   * meanwhile. Nothing else deletes dead jobs.
   *
   * @param before epoch milliseconds
   * @returns how many jobs have been deleted
   * @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_CLOSED`
   */
  pruneDead(before: number): Promise<number> {
    return this.#admin.pruneDead(before)
  }

  /**
   * Calls `listener` at every such event. A listener that throws or rejects is reported as an
   * `error` event; an `error` event without a listener does nothing. `once` and `on` of
   * `node:events` work, too.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for an event that does not exist
   */
  on<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): this {
    this.#parts.events.on(event, listener)
    return this
  }

  /** As {@link on}, but for the next such event only. */
  once<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): this {
    this.#parts.events.once(event, listener)
    return this
  }

  /**
   * Removes a listener that {@link on} or {@link once} added. Of several additions, undoes the
   * latest.
   */
  off<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): this {
    this.#parts.events.off(event, listener)
    return this
  }

  /**
   * Calls `listener` with the name and the data of every event, with the guarantees of {@link on}.
   * helve then makes each event of each job, which costs time: prefer {@link on} for a few events.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for a listener that is no function
   */
  onAny(listener: (...event: AnyEvent) => unknown): this
  onAny(listener: (name: EventName) => unknown): this
  onAny(listener: AnyListener): this {
    this.#parts.events.onAny(listener)
    return this
  }

  /** Removes a listener that {@link onAny} added. Of several additions, undoes the latest. */
  offAny(listener: (...event: AnyEvent) => unknown): this
  offAny(listener: (name: EventName) => unknown): this
  offAny(listener: AnyListener): this {
    this.#parts.events.offAny(listener)
    return this
  }

  /** {@link on}, as `node:events` calls it. */
  addListener<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): this {
    return this.on(event, listener)
  }

  /** {@link off}, as `node:events` calls it. */
  removeListener<E extends keyof RuntimeEvents>(event: E, listener: Listener<E>): this {
    return this.off(event, listener)
  }
}

/** @throws HelveError `HELVE_ERR_OPTION` */
function beginning(
  options: { signal?: AbortSignal; wait?: number },
  keys: readonly string[],
): Beginning {
  checkKeys(options, 'options', keys)
  const { signal, wait = 0 } = options
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw badOption('signal', 'an AbortSignal', signal)
  }
  return { signal, wait: checkNumber(wait, 'wait', 0, MAX_DELAY) }
}
