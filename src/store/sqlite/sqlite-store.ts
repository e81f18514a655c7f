import Database from 'better-sqlite3'
import type { Breaker } from '../../job/breaker.ts'
import { checkKeys, checkOneOf, shown } from '../../job/check.ts'
import type { Webhook } from '../../job/delivery.ts'
import { HelveError } from '../../job/errors.ts'
import type { ClaimedJob, EnqueueResult, JobRecord, NewJob } from '../../job/job.ts'
import type { Move } from '../../job/outcome.ts'
import type { Pause } from '../../job/pause.ts'
import type { NewPublication, Published, StoredDelivery } from '../../job/publication.ts'
import { claimFirst, endClaim } from '../rules/one-by-one.ts'
import type { Timeline, TimeSources } from '../timeline.ts'
import type { Queue } from '../admission.ts'
import type { Counts, ListQuery, Page, Standing } from '../inspection.ts'
import type { JobStore, RunStore, Store } from '../store.ts'
import type { Turn, TurnResult } from '../turn.ts'
import { backup } from './backup.ts'
import { check, type CheckResult } from './check.ts'
import { Checkpoints } from './checkpoints.ts'
import { openDatabase } from './connection.ts'
import { enqueue } from './enqueue.ts'
import { HostConnections, type HostConnection } from './host-connection.ts'
import { counts, list } from './list.ts'
import { Ownership } from './ownership.ts'
import { jobRecord } from './rows.ts'
import { Retention } from './retention.ts'
import { prepareEnqueue } from './statements/enqueue.ts'
import { prepareQueue } from './statements/queue.ts'
import { breakers, oldestQueued, pauses, standing } from './standing.ts'
import { Transactions } from './transactions.ts'
import { Turns } from './turns.ts'
import { machineClocks } from '../machine-clocks.ts'
import { openTimeline } from './timeline-anchor.ts'
import { watchFile } from './watch.ts'
import { webhookSafety, type WebhookOptions, type WebhookSafety } from './webhook-options.ts'
import { Webhooks } from './webhooks.ts'

/** How a file is opened. */
export interface SqliteStoreOptions {
  /**
   * `power`: an acknowledged enqueue survives a power cut. `process`: an acknowledged enqueue
   * survives the end of the process at any instant, but a power cut may undo the newest enqueues.
   * @default 'power'
   */
  durability?: 'power' | 'process'
  /** Path of `better_sqlite3.node`, for programs that bring this file along themselves. */
  nativeBinding?: string
  /** How webhooks are kept. */
  webhooks?: WebhookOptions
  /** The clocks that the queue's time advances with, for tests. @default the machine's */
  clocks?: TimeSources
}

/**
 * Milliseconds: a sync takes about one of them. Longer turns are no cheaper for each job, since what a
 * turn works with then leaves the caches of the processor.
 */
const TURN_TARGET = 3

/** The queue in one SQLite file. Any number of processes may open the file; one may own it. */
export class SqliteStore implements Store, JobStore, RunStore {
  /** Absolute path of the file. */
  readonly file: string
  /** Webhooks and the records of their deliveries. */
  readonly webhooks: Webhooks
  readonly #db: Database.Database
  readonly #statements
  readonly #transactions: Transactions
  readonly #hosts: HostConnections
  readonly #ownership: Ownership
  readonly #checkpoints: Checkpoints
  readonly #nativeBinding: string | undefined
  readonly #turns: Turns
  readonly #retention: Retention
  readonly clock: Timeline
  readonly turnTarget = TURN_TARGET
  /** Callbacks that have to finish before the file is closed. */
  readonly #onClose = new Set<() => Promise<unknown>>()

  private constructor(db: Database.Database, options: SqliteStoreOptions, safety: WebhookSafety) {
    if (!(db instanceof Database)) throw notOpened(db)
    this.#db = db
    this.file = db.name
    this.#statements = { ...prepareEnqueue(db), ...prepareQueue(db) }
    this.#transactions = new Transactions(db, options.durability ?? 'power')
    this.#hosts = new HostConnections(db.name, this.#transactions)
    this.#nativeBinding = options.nativeBinding
    const { nativeBinding } = options
    this.#ownership = new Ownership(db.name, nativeBinding, this.#transactions, this.#statements)
    this.#checkpoints = new Checkpoints(db, nativeBinding)
    this.clock = openTimeline(this.#statements, options.clocks ?? machineClocks)
    this.webhooks = new Webhooks(db, this.#transactions, this.clock, safety)
    const [statements, transactions, webhooks] = [
      this.#statements,
      this.#transactions,
      this.webhooks,
    ]
    this.#retention = new Retention(db, this.#transactions)
    this.#turns = new Turns({ statements, transactions, webhooks, clock: this.clock })
    this.#keepClock()
  }

  /**
   * Opens a queue, creating the file (mode 0600) and bringing its schema up to date. While another
   * process sets up the same file, `open` waits, for 5 s at the most.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for bad options, a key that is none, a folder that does not exist, a symbolic
   *   link, or a better-sqlite3 that does not fit this Node; `HELVE_ERR_STORE_*` when the file
   *   cannot be used, or another copy of SQLite in this process has the file open
   */
  static async open(file: string, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
    if (typeof file !== 'string' || file === '' || file.startsWith(':')) {
      throw new HelveError('HELVE_ERR_OPTION', `file: expected a path, got ${shown(file)}`)
    }
    checkKeys(options, 'options', ['durability', 'nativeBinding', 'webhooks', 'clocks'])
    checkOneOf(options.durability ?? 'power', 'durability', ['power', 'process'])
    const safety = await webhookSafety(options.webhooks)
    const store = new SqliteStore(await openDatabase(file, options.nativeBinding), options, safety)
    await store.#checkCopies()
    return store
  }

  async turn(turn: Turn): Promise<TurnResult> {
    const start = performance.now()
    const result = this.#turns.take(turn)
    this.#keepClock()
    this.#checkpoints.look()
    return { ...result, heldMs: performance.now() - start }
  }

  async enqueue(job: NewJob, now: number): Promise<EnqueueResult> {
    const [statements, wall] = [this.#statements, this.clock.wallOf(now)]
    return this.#transactions.acknowledged((changes) =>
      enqueue({ statements, changes, now, wall }, job),
    )
  }

  enqueueIn(connection: HostConnection, job: NewJob, now: number): EnqueueResult {
    return this.#hosts.enqueue(connection, job, now, this.clock.wallOf(now))
  }

  claim(now: number): Promise<ClaimedJob | undefined> {
    return claimFirst(this, now)
  }

  complete(job: ClaimedJob, now: number): Promise<boolean> {
    return endClaim(this, job, { to: 'completed' }, now)
  }

  fail(job: ClaimedJob, move: Move, now: number): Promise<boolean> {
    return endClaim(this, job, move, now)
  }

  async join(now: number): Promise<ClaimedJob[]> {
    return this.#ownership.take(now, this.clock.wallOf(now))
  }

  async leave(isOver = true): Promise<void> {
    if (isOver) this.#ownership.giveBack()
    else this.#ownership.holdUntilExit()
  }

  async owner(): Promise<number | undefined> {
    return this.#transactions.read(() => this.#ownership.owner())
  }

  watch(onWrite: () => void, onClose?: () => Promise<unknown>): () => void {
    const unwatch = this.#watchFile(onWrite)
    if (onClose) this.#onClose.add(onClose)
    return () => {
      unwatch()
      if (onClose) this.#onClose.delete(onClose)
    }
  }

  #watchFile(onWrite: () => void): () => void {
    let seen = this.#transactions.read(() => this.#version())
    return watchFile(`${this.file}-wal`, () => {
      // The version changes with the commits of other connections only: own commits wake nobody.
      if (!this.#db.open) return
      const now = this.#version()
      if (now === seen) return
      seen = now
      onWrite()
    })
  }

  async get(id: number): Promise<JobRecord | undefined> {
    const row = this.#transactions.read(() => this.#statements.get.get(id))
    return row && jobRecord(row, this.clock)
  }

  async list(query: ListQuery): Promise<Page> {
    return this.#transactions.read(() => list(this.#statements, query, this.clock))
  }

  async counts(): Promise<Counts> {
    return this.#transactions.read(() => counts(this.#statements))
  }

  async oldestDue(now: number): Promise<number | undefined> {
    const oldest = this.#transactions.read(() => oldestQueued(this.#statements))
    return oldest <= now ? this.clock.wallOf(oldest) : undefined
  }

  async breakers(): Promise<Breaker[]> {
    return this.#transactions.read(() => breakers(this.#statements))
  }

  async pauses(): Promise<Pause[]> {
    return this.#transactions.read(() => pauses(this.#statements))
  }

  async standing(
    id: number,
    now: number,
    rivals: (job: JobRecord, backlog: Queue[]) => Queue[],
  ): Promise<Standing | undefined> {
    return this.#transactions.read(() => standing(this.#statements, this.clock, id, now, rivals))
  }

  async pruneDeliveries(before: number): Promise<number> {
    return this.#retention.prune(this.clock.timeOf(before))
  }

  publishIn(connection: HostConnection, publication: NewPublication, now: number): Published {
    const { masked } = this.webhooks
    return this.#hosts.publish(connection, publication, {
      now,
      wall: this.clock.wallOf(now),
      masked,
    })
  }

  getDelivery(id: number): Promise<StoredDelivery | undefined> {
    return this.webhooks.getDelivery(id)
  }

  getWebhook(id: number): Promise<Webhook | undefined> {
    return this.webhooks.getWebhook(id)
  }

  /**
   * Copies the queue to a new file (mode 0600) while the queue is in use. The copy holds everything
   * that was committed when the copy began. The event loop is served in between.
   *
   * @throws HelveError `HELVE_ERR_OPTION` when there is a file already; `HELVE_ERR_STORE_*` when
   *   the new file cannot be written, and then nothing of the new file is left; `HELVE_ERR_CLOSED`
   */
  async backup(path: string): Promise<void> {
    const { identity } = this.#transactions
    const isThere = this.#transactions.read(() => identity.isThere)
    return backup(this.#db, isThere, this.#nativeBinding, path)
  }

  /** Reads the whole file, in a thread of its own, and tells what is wrong with it. */
  check(): Promise<CheckResult> {
    return check(this.file, this.#nativeBinding)
  }

  /** Closes the file. A runtime that still works on the file is stopped first, at once. */
  async close(): Promise<void> {
    await Promise.all([...this.#onClose].map((onClose) => onClose()))
    await this.leave()
    await this.#checkpoints.close()
    this.#transactions.close()
  }

  async #checkCopies(): Promise<void> {
    const { soleCopy } = this.#transactions
    await soleCopy.look()
    if (!soleCopy.isAlone) await this.close()
    soleCopy.check()
  }

  /** Closes the file, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Undefined when the file fails: the next turn then fails too, and tells of the failure. */
  #version(): unknown {
    try {
      return this.#statements.dataVersion.get()
    } catch {
      return undefined
    }
  }

  /** Keeps the queue's time in the file, so that the time goes on whatever ends this process. */
  #keepClock(): void {
    const anchor = this.clock.toKeep
    if (anchor === undefined) return
    try {
      this.#transactions.repeatable(() => this.#statements.keepClock.run(JSON.stringify(anchor)))
      this.clock.kept(anchor)
    } catch {
      // The turn before has been committed: if the file fails, the next turn tells of the failure.
    }
  }
}

function notOpened(given: unknown): HelveError {
  return new HelveError(
    'HELVE_ERR_OPTION',
    `store: expected await SqliteStore.open(file), got new SqliteStore(${shown(given)})`,
  )
}
