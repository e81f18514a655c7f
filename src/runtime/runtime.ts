import { pino } from 'pino'
import { systemClock, type Clock } from '../coordinator/clock.ts'
import { Coordinator } from '../coordinator/coordinator.ts'
import type { Explanation } from '../coordinator/explain.ts'
import { Intake } from './intake.ts'
import type { Enqueuer } from '../enqueuer.ts'
import { Events, type RuntimeEvents } from '../events.ts'
import { badOption, checkInteger, checkKeys, checkNumber, checkOneOf } from '../job/check.ts'
import { read } from '../job/errors.ts'
import type { Handler } from '../run/handler.ts'
import type { EnqueueResult, JobRecord } from '../job/job.ts'
import { MAX_DELAY } from '../job/limits.ts'
import { checkPauseTarget, type Pause, type PauseTarget } from '../job/pause.ts'
import type { PayloadsOf, Rest, Submission } from './kinds.ts'
import { LanePools, lanesOf } from './lanes.ts'
import { Lifecycle, STOP_TIMEOUT } from './lifecycle.ts'
import { logEvents } from '../log.ts'
import {
  checkRuntimeOptions,
  checkThreads,
  type CheckedOptions,
  type KindOptions,
  type RuntimeOptions,
} from './options.ts'
import { patiently } from '../patience.ts'
import { MAIN_LANE, Registry } from './registry.ts'
import type { Counts, HostConnection, ListQuery, Page, Store } from '../store/store.ts'

/**
 * The queue's engine in a host's process: it takes jobs in, runs them in their lanes, and settles
 * them. Everything goes through one coordinator, which owns the store's file from the first `start`,
 * `run` or `runOnce` until `stop`.
 *
 * @typeParam M the handlers module (`typeof import('./handlers.ts').default`): its kinds and
 *   payloads are the ones that `enqueue` takes
 * @typeParam I kinds beyond it, registered as functions: `{ touch_repo: { repo_pk: number } }`
 */
export class Runtime<M = unknown, I = unknown> implements Enqueuer {
  readonly #store: Store
  readonly #options: CheckedOptions
  readonly #registry: Registry
  readonly #events = new Events()
  readonly #pools = new LanePools()
  readonly #coordinator: Coordinator
  readonly #intake: Intake
  readonly #clock: Clock = systemClock
  readonly #lifecycle: Lifecycle

  /**
   * Makes a runtime; it claims nothing, and starts no thread, before `start`, `run` or `runOnce`.
   *
   * @throws HelveError `HELVE_ERR_OPTION`
   */
  constructor(store: Store, options: RuntimeOptions = {}) {
    if (typeof read(store, 'turn') !== 'function') throw badOption('store', 'a store', store)
    this.#store = store
    this.#options = checkRuntimeOptions(options)
    const registry = new Registry(this.#options.lanes, this.#options.handlers !== undefined)
    const lanes = lanesOf(this.#pools.byLane, registry)
    const coordinator = new Coordinator({
      store,
      lanes,
      events: this.#events,
      clock: this.#clock,
      random: Math.random,
      idle: this.#options.idle,
    })
    const logger = options.logger ?? pino({ enabled: false })
    logEvents(this.#events, logger)
    this.#registry = registry
    this.#coordinator = coordinator
    this.#intake = new Intake(registry, coordinator, this.#clock)
    const parts = { options: this.#options, registry, coordinator, store, logger }
    this.#lifecycle = new Lifecycle(this.#pools, { ...parts, events: this.#events })
  }

  /**
   * Sets the policy of a kind of the handlers module, or registers a function that runs the kind
   * on the main thread (cheap asynchronous work only: nothing can stop it by force). A second
   * registration of a kind replaces the first, and counts for runs that start after it.
   *
   * @throws HelveError `HELVE_ERR_KIND`, `HELVE_ERR_OPTION`
   */
  register(kind: keyof PayloadsOf<M, I> & string, options: KindOptions): void
  register<K extends keyof PayloadsOf<M, I> & string>(
    kind: K,
    handler: Handler<PayloadsOf<M, I>[K]>,
    options?: KindOptions,
  ): void
  register(kind: string, first: KindOptions | Handler<never>, options: KindOptions = {}): void {
    if (typeof first === 'function') this.#registry.register(kind, first as Handler, options)
    else this.#registry.register(kind, undefined, first)
    this.#lifecycle.regroup(kind)
  }

  /**
   * Sets the threads of the default lane, also while running: what runs is not interrupted.
   *
   * @param threads below one means one
   * @throws HelveError `HELVE_ERR_OPTION` for what is no number, and above 1,024
   */
  setWorkers(threads: number): void {
    this.#pools.resize('default', checkThreads(threads))
  }

  /**
   * Enqueues one job. With a `dedupeKey` that a queued or running job holds, it folds into that
   * job: after the promise has resolved, at least one run starts with this payload or a newer one.
   *
   * @returns after the commit: the job survives the end of the process at any instant, and, with
   *   the store's durability `power`, a power cut
   * @throws HelveError (as a rejection; nothing is written) `HELVE_ERR_KIND`, `_PAYLOAD`,
   *   `_PAYLOAD_TOO_LARGE`, `_DEDUPE_KEY`, `_OPTION` for bad input; `_CLOSED` after `stop`;
   *   `_BACKPRESSURE` when 10,000 submissions wait already; `_STORE_*` when it cannot be written
   */
  enqueue<K extends keyof PayloadsOf<M, I> & string>(
    kind: K,
    ...[payload, options]: Rest<PayloadsOf<M, I>[K]>
  ): Promise<EnqueueResult> {
    return this.#intake.enqueue(kind, payload, options)
  }

  /**
   * Enqueues many jobs, with few commits.
   *
   * @returns their results, in order
   * @throws HelveError when some are refused, with the code of the first of them: the others are
   *   enqueued, and its `results` say in order what became of each
   */
  async enqueueMany(
    submissions: readonly Submission<PayloadsOf<M, I>>[],
  ): Promise<EnqueueResult[]> {
    if (!Array.isArray(submissions)) throw badOption('submissions', 'an array', submissions)
    return this.#intake.enqueueMany(submissions)
  }

  /**
   * Enqueues in the transaction that is open on `connection`, the host's own better-sqlite3
   * connection to the same file: committed and rolled back with it. How durable the commit is, is
   * that connection's `synchronous` (better-sqlite3 sets NORMAL).
   *
   * @throws HelveError as {@link enqueue} does, and `HELVE_ERR_OPTION` for a connection to another
   *   file or without an open transaction, or a schema that is asynchronous; what SQLite refuses on
   *   that connection comes as its own error
   */
  enqueueIn<K extends keyof PayloadsOf<M, I> & string>(
    connection: HostConnection,
    kind: K,
    ...[payload, options]: Rest<PayloadsOf<M, I>[K]>
  ): EnqueueResult {
    this.#lifecycle.checkOpen()
    const job = this.#intake.jobNow(kind, payload, options)
    return this.#store.enqueueIn(connection, job, this.#clock.now())
  }

  /**
   * Takes ownership of the store's file and starts the threads, without claiming anything yet.
   * Resolves once the threads of every lane are up, or could not be started. `run` and `runOnce` do
   * it by themselves; a host that prepares the file first wants to know before that it is its own.
   *
   * @throws HelveError `HELVE_ERR_OWNED` when another runtime owns the file; `HELVE_ERR_CLOSED`
   */
  start(): Promise<void> {
    return this.#lifecycle.start()
  }

  /**
   * Claims one job, the first of all that could start, and waits until it is settled.
   *
   * @returns false when nothing was runnable
   * @throws HelveError `HELVE_ERR_OWNED` when another runtime owns the file; `HELVE_ERR_CLOSED`
   */
  runOnce(): Promise<boolean> {
    return this.#lifecycle.runOnce()
  }

  /**
   * Runs jobs until `signal` aborts or {@link stop} is called; resolves when everything that ran
   * has settled. What still runs 20 s after an abort is interrupted.
   *
   * @throws HelveError `HELVE_ERR_OWNED` when another runtime owns the file; `HELVE_ERR_CLOSED`
   *   after `stop`; `HELVE_ERR_OPTION` when this one runs already
   */
  run({ signal }: { signal?: AbortSignal } = {}): Promise<void> {
    return this.#lifecycle.run(signal)
  }

  /**
   * Stops for good: claims no more, waits for what runs, interrupts after `timeout` what still
   * does (first by its signal, then by killing its thread; such a job is queued again, and its
   * attempt refunded), ends the threads and gives the file back. The store stays open.
   *
   * @param options.timeout milliseconds. @default 20000
   */
  stop(options: { timeout?: number } = {}): Promise<void> {
    try {
      checkKeys(options, 'options', ['timeout'])
      const { timeout = STOP_TIMEOUT } = options
      return this.#lifecycle.stop(checkNumber(timeout, 'timeout', 0, MAX_DELAY))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** A job with its state, attempts, crashes and errors; undefined once it is completed. */
  async get(id: number): Promise<JobRecord | undefined> {
    return this.#store.get(checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER))
  }

  /**
   * One page of jobs.
   *
   * @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_KIND` for a bad query
   */
  list(query: ListQuery = {}): Promise<Page> {
    return this.#store.list(query)
  }

  /** How many jobs there are, by kind and state. Costs the same however many. */
  counts(): Promise<Counts> {
    return this.#store.counts()
  }

  /** Since when (epoch milliseconds) the job that has been due for longest is; undefined if none. */
  oldestDue(): Promise<number | undefined> {
    return this.#store.oldestDue(this.#clock.now())
  }

  /**
   * Queues a dead job again, due at once and with all its attempts. False when no dead job has
   * this id.
   *
   * @throws HelveError `HELVE_ERR_DEDUPE_KEY` when a newer job holds its key: it stays dead
   */
  async retry(id: number): Promise<boolean> {
    checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
    const retried = await patiently(() => this.#store.retry(id, this.#clock.now()))
    this.#coordinator.wake()
    return retried
  }

  /**
   * Cancels a job: it becomes dead, with no attempt spent. A queued one at once; a running one is
   * told by its signal, and after its kind's grace ended by force, and is dead (`cancelled`) once
   * it has stopped, unless it completes. What was folded into it until then goes with it.
   *
   * @returns false when no live job has this id, or it runs in another process
   */
  async cancel(id: number): Promise<boolean> {
    checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
    return patiently(() => this.#coordinator.cancel(id))
  }

  /**
   * Claims no more jobs of a lane, a kind, or a group of a kind; what runs goes on. Kept in the
   * store: it holds beyond a restart, until {@link resume}.
   *
   * @param options.by who pauses it, or what for: {@link explain} tells. @default none
   * @returns false when it was paused already
   * @throws HelveError `HELVE_ERR_OPTION`, `HELVE_ERR_KIND`
   */
  async pause(target: PauseTarget, options: { by?: string } = {}): Promise<boolean> {
    const checked = this.#target(target)
    checkKeys(options, 'options', ['by'])
    const by = options.by ?? null
    if (by !== null && typeof by !== 'string') throw badOption('by', 'a string', by)
    const paused = await patiently(() => this.#store.pause(checked, this.#clock.now(), by))
    if (paused) this.#events.emit('paused', () => ({ target: checked, by }))
    return paused
  }

  /** Takes a pause back. False when there was none. */
  async resume(target: PauseTarget): Promise<boolean> {
    const checked = this.#target(target)
    const resumed = await patiently(() => this.#store.resume(checked, this.#clock.now()))
    if (resumed) this.#events.emit('resumed', () => ({ target: checked }))
    this.#coordinator.wake()
    return resumed
  }

  /** What is paused. */
  pauses(): Promise<Pause[]> {
    return this.#store.pauses()
  }

  /** Why a job does not run now; undefined when there is none with this id (any more). */
  async explain(id: number): Promise<Explanation | undefined> {
    checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
    return this.#coordinator.explain(id)
  }

  #target(target: PauseTarget): PauseTarget {
    const checked = checkPauseTarget(target)
    const lanes = [MAIN_LANE, ...this.#options.lanes.keys()]
    if ('lane' in checked) checkOneOf(checked.lane, 'target.lane', lanes)
    return checked
  }

  /** Deletes a dead job. False when no dead job has this id. */
  async discard(id: number): Promise<boolean> {
    checkInteger(id, 'id', 1, Number.MAX_SAFE_INTEGER)
    return patiently(() => this.#store.discard(id))
  }

  /** Calls `listener` at every such event; one that throws is reported as an `error` event. */
  on<E extends keyof RuntimeEvents>(event: E, listener: (data: RuntimeEvents[E]) => void): this {
    this.#events.on(event, listener)
    return this
  }

  /** Takes back what {@link on} did. */
  off<E extends keyof RuntimeEvents>(event: E, listener: (data: RuntimeEvents[E]) => void): this {
    this.#events.off(event, listener)
    return this
  }
}
