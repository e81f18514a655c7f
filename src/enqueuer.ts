import type { EnqueueResult } from './job/job.ts'
import { newJob, type EnqueueOptions } from './job/submission.ts'
import type { JobStore } from './store/store.ts'

/** Accepts jobs: what a producer depends on. A runtime is one, and so is a {@link StoreEnqueuer}. */
export interface Enqueuer {
  /**
   * @param kind names the handler
   * @param payload the handler's arguments, as JSON; none means `{}`
   * @returns after the job is on disk
   * @throws HelveError for bad input (`HELVE_ERR_KIND`, `_PAYLOAD`, `_PAYLOAD_TOO_LARGE`,
   *   `_DEDUPE_KEY`, `_OPTION`), and `HELVE_ERR_STORE_*` when it cannot be written; nothing is
   *   enqueued then
   */
  enqueue(kind: string, payload?: unknown, options?: EnqueueOptions): Promise<EnqueueResult>
}

/**
 * Enqueues straight into a store, from any process: a git hook, a command line. The runtime that
 * owns the store notices within milliseconds. It knows no kinds: policies and schemas are the
 * runtime's.
 */
export class StoreEnqueuer implements Enqueuer {
  readonly #store: JobStore

  constructor(store: JobStore) {
    this.#store = store
  }

  async enqueue(kind: string, payload?: unknown, options?: EnqueueOptions): Promise<EnqueueResult> {
    const now = Date.now()
    return this.#store.enqueue(newJob(kind, payload, options, now), now)
  }
}
