import type { Database } from 'better-sqlite3'
import { checkKeys, checkOneOf, shown } from '../../job/check.ts'
import type { Webhook } from '../../job/delivery.ts'
import { HelveError, read } from '../../job/errors.ts'
import { toJobError } from '../../job/failure.ts'
import type { ClaimedJob, EnqueueResult, JobRecord, NewJob } from '../../job/job.ts'
import type { Settlement } from '../../job/outcome.ts'
import type { Pause, PauseTarget } from '../../job/pause.ts'
import { UNLIMITED } from '../store.ts'
import type {
  Counts,
  HostConnection,
  JobStore,
  ListQuery,
  Page,
  Queue,
  RunStore,
  Settle,
  Settled,
  Standing,
  Store,
  Turn,
  TurnResult,
} from '../store.ts'
import { backup } from './backup.ts'
import { check, type CheckResult } from './check.ts'
import { Checkpoints } from './checkpoints.ts'
import { backlog, TurnClaims } from './turn-claims.ts'
import { openDatabase } from './connection.ts'
import type { Counters } from './counters.ts'
import { enqueue, enqueueAll } from './enqueue.ts'
import { enqueueInHost } from './host-connection.ts'
import { counts, list } from './list.ts'
import { Ownership } from './ownership.ts'
import { jobRecord } from './rows.ts'
import { completeAll, settle } from './settle.ts'
import { prepareEnqueue, prepareQueue } from './statements.ts'
import { cancel, oldestQueued, pause, pauses, resume, retry, standing } from './tending.ts'
import { Transactions } from './transactions.ts'
import { watchFile } from './watch.ts'
import { Webhooks } from './webhooks.ts'

/** How a file is opened. */
export interface SqliteStoreOptions {
  /**
   * `power`: an acknowledged enqueue survives a power cut. `process`: it survives the end of the
   * process at any instant, and a power cut may take the newest ones back.
   * @default 'power'
   */
  durability?: 'power' | 'process'
  /** Path of `better_sqlite3.node`, for programs that bring it along themselves. */
  nativeBinding?: string
}

const COMPLETED: Settled = { state: 'completed', rerun: false, followUps: [] }

/** Milliseconds: a clock that is set back by more than this is not waited for. */
const SET_BACK = 1_000

/** Rows that one transaction of a clean-up deletes at most. */
const PRUNE_BATCH = 500

/** The queue in one SQLite file. Any number of processes may open it; one may own it. */
export class SqliteStore implements Store, JobStore, RunStore {
  /** Absolute path of the file. */
  readonly file: string
  /** Webhooks and the records of their deliveries. */
  readonly webhooks: Webhooks
  readonly #db: Database
  readonly #statements
  readonly #transactions: Transactions
  readonly #ownership: Ownership
  readonly #checkpoints: Checkpoints
  readonly #nativeBinding: string | undefined
  /** Those who have to know before the file is closed. */
  readonly #onClose = new Set<() => Promise<unknown>>()
  /** When the latest turn was. */
  #latest = 0

  private constructor(db: Database, options: SqliteStoreOptions) {
    this.#db = db
    this.file = db.name
    this.#statements = { ...prepareEnqueue(db), ...prepareQueue(db) }
    this.#transactions = new Transactions(db, options.durability ?? 'power')
    this.#nativeBinding = options.nativeBinding
    const { nativeBinding } = options
    this.#ownership = new Ownership(db.name, nativeBinding, this.#transactions, this.#statements)
    this.#checkpoints = new Checkpoints(db, nativeBinding)
    this.webhooks = new Webhooks(db, this.#transactions)
  }

  /**
   * Opens a queue, creating the file (mode 0600) and bringing its schema up to date.
   *
   * @throws HelveError `HELVE_ERR_OPTION` for bad options, a folder that does not exist, a symbolic
   *   link, or a better-sqlite3 that does not fit this Node; `HELVE_ERR_STORE_*` when the file
   *   cannot be used
   */
  static async open(file: string, options: SqliteStoreOptions = {}): Promise<SqliteStore> {
    if (typeof file !== 'string' || file === '' || file.startsWith(':')) {
      throw new HelveError('HELVE_ERR_OPTION', `file: expected a path, got ${shown(file)}`)
    }
    checkKeys(options, 'options', ['durability', 'nativeBinding'])
    checkOneOf(options.durability ?? 'power', 'durability', ['power', 'process'])
    return new SqliteStore(openDatabase(file, options.nativeBinding), options)
  }

  async turn({ now, settles, enqueues, admit }: Turn): Promise<TurnResult> {
    const setBack = this.#latest - now
    const body = (counters: Counters): TurnResult => {
      if (setBack > SET_BACK) this.#setBack(setBack, now)
      const completed = completeAll(this.#statements, counters, settles, now)
      const settled = settles.map((one) =>
        completed.has(one) ? COMPLETED : this.#settle(counters, one, now),
      )
      counters.flush(this.#statements)
      const admissions = admit(backlog(this.#statements, enqueues), pauses(this.#statements))
      const claims = new TurnClaims(this.#statements, counters, admissions, now)
      const begin = (): TurnClaims => claims.begin()
      const enqueued = enqueueAll(this.#statements, counters, enqueues, now, begin)
      return { settled, enqueued, ...claims.finish() }
    }
    const mode = enqueues.length > 0 ? 'acknowledged' : 'repeatable'
    const result = this.#transactions[mode](body)
    this.#latest = now
    this.#checkpoints.look()
    return result
  }

  async enqueue(job: NewJob, now: number): Promise<EnqueueResult> {
    return this.#transactions.acknowledged((counters) =>
      enqueue(this.#statements, counters, job, now),
    )
  }

  enqueueIn(connection: HostConnection, job: NewJob, now: number): EnqueueResult {
    return enqueueInHost(connection, this.file, job, now)
  }

  async claim(now: number): Promise<ClaimedJob | undefined> {
    const { claimed } = await this.turn({ now, settles: [], enqueues: [], admit: first })
    return claimed[0]
  }

  complete(job: ClaimedJob, now: number): Promise<boolean> {
    return this.fail(job, { to: 'completed' }, now)
  }

  async fail(job: ClaimedJob, settlement: Settlement, now: number): Promise<boolean> {
    const settles = [{ job, settlement, followUps: [], deliveries: [] }]
    const { settled } = await this.turn({ now, settles, enqueues: [], admit: () => [] })
    return settled[0] !== undefined
  }

  async own(now: number): Promise<ClaimedJob[]> {
    return this.#ownership.take(now)
  }

  async disown(): Promise<void> {
    this.#ownership.giveBack()
  }

  async owner(): Promise<number | undefined> {
    return this.#transactions.read(() => this.#ownership.owner())
  }

  keep(): void {
    this.#ownership.keep()
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
      // It moves with the commits of other connections only: our own wake nobody.
      if (!this.#db.open) return
      const now = this.#version()
      if (now === seen) return
      seen = now
      onWrite()
    })
  }

  async get(id: number): Promise<JobRecord | undefined> {
    const row = this.#transactions.read(() => this.#statements.get.get(id))
    return row && jobRecord(row)
  }

  async list(query: ListQuery): Promise<Page> {
    return this.#transactions.read(() => list(this.#statements, query))
  }

  async counts(): Promise<Counts> {
    return this.#transactions.read(() => counts(this.#statements))
  }

  async oldestDue(now: number): Promise<number | undefined> {
    const oldest = this.#transactions.read(() => oldestQueued(this.#statements))
    return oldest <= now ? oldest : undefined
  }

  async retry(id: number, now: number): Promise<boolean> {
    return this.#transactions.acknowledged((counters) => retry(this.#statements, counters, id, now))
  }

  async discard(id: number): Promise<boolean> {
    return this.#transactions.repeatable((counters) => {
      const row = this.#statements.discard.get(id)
      if (row) counters.add('dead', row[0] as string, row[1] as number, -1)
      return row !== undefined
    })
  }

  async cancel(
    id: number,
    now: number,
    token?: number,
  ): Promise<ClaimedJob | 'running' | undefined> {
    return this.#transactions.acknowledged((counters) =>
      cancel(this.#statements, counters, id, now, token),
    )
  }

  async pause(target: PauseTarget, now: number, by: string | null): Promise<boolean> {
    return this.#transactions.acknowledged(() => pause(this.#statements, target, now, by))
  }

  async resume(target: PauseTarget, now: number): Promise<boolean> {
    return this.#transactions.acknowledged(() => resume(this.#statements, target, now))
  }

  async pauses(): Promise<Pause[]> {
    return this.#transactions.read(() => pauses(this.#statements))
  }

  async regroup(kind: string, now: number): Promise<void> {
    this.#transactions.repeatable(() => this.#statements.freeKind.run({ now, kind }))
  }

  async standing(
    id: number,
    now: number,
    rivals: (job: JobRecord, backlog: Queue[]) => Queue[],
  ): Promise<Standing | undefined> {
    return this.#transactions.read(() => standing(this.#statements, id, now, rivals))
  }

  async pruneDead(before: number): Promise<number> {
    return inBatches((limit) =>
      this.#transactions.repeatable((counters) => {
        const rows = this.#statements.pruneDead.all(before, limit)
        for (const [kind, priority] of rows) {
          counters.add('dead', kind as string, priority as number, -1)
        }
        return rows.length
      }),
    )
  }

  async pruneDeliveries(before: number): Promise<number> {
    return inBatches((limit) =>
      this.#transactions.repeatable(() => this.webhooks.prune(before, limit)),
    )
  }

  getWebhook(id: number): Promise<Webhook | undefined> {
    return this.webhooks.get(id)
  }

  /**
   * Copies the queue to a new file (mode 0600) while it is in use: with everything that was
   * committed when the copy ended. The event loop is served in between.
   *
   * @throws HelveError `HELVE_ERR_OPTION` when there is a file already; `HELVE_ERR_STORE_*` when it
   *   cannot be written, and then nothing of it is left
   */
  backup(path: string): Promise<void> {
    return backup(this.#db, path)
  }

  /** Reads the whole file, in a thread of its own, and tells what is wrong with it. */
  check(): Promise<CheckResult> {
    return check(this.file, this.#nativeBinding)
  }

  /** Closes the file. A runtime that still works on it is stopped first, at once. */
  async close(): Promise<void> {
    await Promise.all([...this.#onClose].map((onClose) => onClose()))
    await this.disown()
    await this.#checkpoints.close()
    this.#db.close()
  }

  /** The same, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Undefined when the file fails: then the next turn fails, too, and tells of it. */
  #version(): unknown {
    try {
      return this.#statements.dataVersion.get()
    } catch {
      return undefined
    }
  }

  #settle(counters: Counters, one: Settle, now: number): Settled | undefined {
    const body = (deltas: Counters): Settled | undefined => {
      const settled = settle(this.#statements, deltas, one, now)
      if (settled) for (const delivery of one.deliveries) this.webhooks.record(delivery)
      return settled
    }
    if (one.followUps.length + one.deliveries.length === 0) return body(counters)
    try {
      return this.#transactions.part(counters, body)
    } catch (error) {
      const refused = refusal(error)
      if (refused === undefined) throw error
      return { state: 'running', refused, rerun: false, followUps: [] }
    }
  }

  /** Groups have been put off until long after, and rates have been spent then. */
  #setBack(ms: number, now: number): void {
    this.#statements.freeAll.run({ now })
    this.#statements.shiftSpent.run(ms)
  }
}

/** Admits the first of all due jobs. */
const first: Turn['admit'] = (backlog) => [
  { queues: backlog.map((queue) => ({ ...queue, terms: UNLIMITED })), room: 1, most: Infinity },
]

/** What the store has against a settle itself, and not against the transaction as a whole. */
function refusal(error: unknown): HelveError | undefined {
  if (error instanceof HelveError) return error
  const constraint = String(read(error, 'code')).startsWith('SQLITE_CONSTRAINT')
  if (!constraint && !(error instanceof TypeError) && !(error instanceof RangeError))
    return undefined
  const problem = toJobError(error).message
  return new HelveError(
    'HELVE_ERR_OPTION',
    `delivery: expected a record, got one with ${problem}`,
    {
      cause: error,
    },
  )
}

/** Batch after batch, with the event loop served in between; resolves to the sum. */
async function inBatches(batch: (limit: number) => number): Promise<number> {
  let total = 0
  for (;;) {
    const rows = batch(PRUNE_BATCH)
    total += rows
    if (rows < PRUNE_BATCH) return total
    await new Promise(setImmediate)
  }
}
