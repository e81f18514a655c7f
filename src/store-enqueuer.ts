import { checkKeys, checkNumber, shown } from './job/check.ts'
import { HelveError, read } from './job/errors.ts'
import type { EnqueueResult } from './job/job.ts'
import type {
  AnyKinds,
  KindOf,
  PayloadFor,
  PayloadsOf,
  Rest,
  SubmissionArguments,
} from './job/kinds.ts'
import { MAX_BUSY_TIME, MAX_DELAY } from './job/limits.ts'
import { newJob } from './job/submission.ts'
import { retryWhenBusy } from './retry-when-busy.ts'
import type { JobStore } from './store/store.ts'
import { wallTime } from './store/timeline.ts'

/**
 * Accepts jobs. A producer depends on this interface; a runtime and a {@link StoreEnqueuer}
 * implement it.
 *
 * @typeParam T kinds and their payloads: `{ reindex: { repo_pk: number } }`
 */
export interface Enqueuer<T = AnyKinds> {
  /**
   * @param kind names the handler
   * @param payload the handler's arguments, as JSON; `{}` if left out
   * @returns after the job is on disk
   * @throws HelveError for bad input (`HELVE_ERR_KIND`, `_PAYLOAD`, `_PAYLOAD_TOO_LARGE`,
   *   `_DEDUPE_KEY`, `_OPTION`), and `HELVE_ERR_STORE_*` when the job cannot be written; nothing is
   *   enqueued then
   */
  enqueue(...submission: SubmissionArguments<T>): Promise<EnqueueResult>
}

/**
 * Enqueues straight into a store, from any process: a git hook, a command line. The runtime that
 * owns the store notices the job within milliseconds. A StoreEnqueuer knows no kinds: policies and
 * schemas are the runtime's. It goes on trying while others hold the write lock, as a busy runtime
 * does again and again.
 *
 * @typeParam M the handlers module (`typeof import('./handlers.ts').default`), as of a runtime
 * @typeParam I kinds that the module does not have
 */
export class StoreEnqueuer<M = unknown, I = unknown> implements Enqueuer<PayloadsOf<M, I>> {
  readonly #store: JobStore
  readonly #busyTimeout: number

  /**
   * @param options.busyTimeout milliseconds for which `enqueue` goes on trying before it throws
   *   `HELVE_ERR_STORE_BUSY`. @default 10000
   * @throws HelveError `HELVE_ERR_OPTION`
   */
  constructor(store: JobStore, options: { busyTimeout?: number } = {}) {
    checkStore(store, 'enqueue')
    checkKeys(options, 'options', ['busyTimeout'])
    this.#store = store
    this.#busyTimeout = checkNumber(
      options.busyTimeout ?? MAX_BUSY_TIME,
      'busyTimeout',
      0,
      MAX_DELAY,
    )
  }

  async enqueue<K extends KindOf<PayloadsOf<M, I>>>(
    kind: K,
    ...[payload, options]: Rest<PayloadFor<PayloadsOf<M, I>, K>>
  ): Promise<EnqueueResult> {
    const { clock = wallTime } = this.#store
    const now = clock.now()
    const job = newJob(kind, payload, options, { now, wall: clock.wallOf(now) })
    return retryWhenBusy(() => this.#store.enqueue(job, clock.now()), this.#busyTimeout)
  }
}

/**
 * @param method a method that the caller needs of the store
 * @throws HelveError `HELVE_ERR_OPTION`, whose message shows how to open a store
 */
export function checkStore(store: unknown, method: 'enqueue' | 'turn'): void {
  if (typeof read(store, method) === 'function') return
  const isPromise = typeof read(store, 'then') === 'function'
  const came = isPromise ? 'a promise of one' : shown(store)
  throw new HelveError(
    'HELVE_ERR_OPTION',
    `store: expected a store, got ${came}: write await SqliteStore.open(file)`,
  )
}
