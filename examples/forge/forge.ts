import type { Database } from 'better-sqlite3'
import { deliverWebhookPolicy, Runtime, SqliteStore } from 'helve'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { openDatabase } from './database.ts'
import { checked, opened, reviewed, type Event } from './events.ts'
import type handlers from './handlers.ts'
import type { ForgeConfig } from './handlers.ts'
import { hooksApi } from './hooks-api.ts'
import { recomputeMergeability, recomputeReviewDecision, reindexSearch } from './jobs.ts'
import { PullRequests, type NewPullRequest, type PullRequest } from './pull-requests.ts'
import { Receivers } from './receivers.ts'
import { Repositories, type Repository } from './repositories.ts'
import { Reviews, type Check, type Review } from './reviews.ts'
import { SearchIndex } from './search-index.ts'
import { serve, type Served } from './serve.ts'

// Milliseconds. A real forge leaves the defaults, which give a receiver 28 hours to come back; these
// keep a run of the example short.
const DELIVERY_TIMEOUT = 2_000
const SCHEDULE = [250, 500, 1_000, 2_000, 2_000, 2_000]
const BREAKER = { pause: 500, maxPause: 2_000 }
const SLOW_ANSWER = 250
const STOP_TIMEOUT = 5_000

const REINDEXING = { kind: 'reindex_search' } as const

/** A small forge, with helve in its process. */
export class Forge {
  readonly runtime
  readonly repositories
  readonly pullRequests
  readonly reviews
  readonly index
  /** Receivers of webhooks. They run in the forge's process, so that the forge needs no network. */
  readonly receivers: Receivers
  /** Why helve has disabled hooks, by their ids. A real forge writes to the owners of the hooks. */
  readonly disabled = new Map<number, string>()
  readonly #folder: string
  readonly #db: Database
  readonly #store: SqliteStore
  #api: Served | undefined

  private constructor(folder: string, store: SqliteStore, receivers: Receivers) {
    const database = path.join(folder, 'forge.db')
    this.#folder = folder
    this.#store = store
    this.#db = openDatabase(database)
    this.receivers = receivers
    this.repositories = new Repositories(this.#db)
    this.pullRequests = new PullRequests(this.#db, this.repositories)
    this.reviews = new Reviews(this.#db)
    this.index = new SearchIndex(this.#db)
    this.runtime = runtimeOn(store, { database, deliveryTimeout: DELIVERY_TIMEOUT })
    this.runtime.on('webhook:disabled', ({ id, reason }) => this.disabled.set(id, reason))
  }

  /**
   * Opens the forge in a folder, or makes one there.
   *
   * @throws HelveError `HELVE_ERR_OWNED` if another process has the forge of this folder open
   */
  static async open(folder: string): Promise<Forge> {
    await mkdir(path.join(folder, 'repositories'), { recursive: true })
    const receivers = await Receivers.listen(SLOW_ANSWER)
    const store = await openStore(path.join(folder, 'queue.db'), receivers)
    const forge = new Forge(folder, store, receivers)
    try {
      await forge.#start()
      return forge
    } catch (error) {
      await forge.close()
      throw error
    }
  }

  /** The root of the forge's HTTP API. */
  get api(): string {
    return this.#api!.url
  }

  async #start(): Promise<void> {
    // Owns the queue before anything of an earlier run is touched.
    await this.runtime.start()
    const { webhooks } = this.#store
    // The receivers of an earlier run have ended with it.
    for (const { id } of await webhooks.list()) await webhooks.delete(id)
    // If an earlier run ended in the middle of a burst, the file has kept its pause.
    await this.resumeReindexing()
    const publisher = this.runtime.webhooks
    this.#api = await serve(hooksApi({ webhooks, publisher, repositories: this.repositories }))
  }

  /** Runs jobs until {@link close}. Rejects when the forge cannot run. */
  run(): Promise<void> {
    return this.runtime.run()
  }

  /** Imports a repository and has it indexed. */
  async import(source: string, signal: AbortSignal): Promise<Repository> {
    const to = { folder: path.join(this.#folder, 'repositories'), queue: this.#store.file }
    const repository = await this.repositories.import(source, to, signal)
    await this.runtime.enqueueMany([reindexSearch(repository.pk)])
    return repository
  }

  /** @returns the pull request's pk */
  async openPullRequest(pullRequest: NewPullRequest): Promise<number> {
    const pk = this.pullRequests.open(pullRequest)
    await this.runtime.enqueueMany([recomputeMergeability(pk)])
    await this.#publish(...opened(...this.#pullRequest(pk)))
    return pk
  }

  async submitReview(review: Review): Promise<void> {
    this.reviews.submit(review)
    await this.runtime.enqueueMany([recomputeReviewDecision(review.issue_pk)])
    await this.#publish(...reviewed(...this.#pullRequest(review.issue_pk), review))
  }

  async recordCheck(check: Check): Promise<void> {
    this.reviews.recordCheck(check)
    await this.runtime.enqueueMany([recomputeReviewDecision(check.issue_pk)])
    await this.#publish(...checked(...this.#pullRequest(check.issue_pk), check))
  }

  /** Reindexing jobs wait, and pushes fold into them, until {@link resumeReindexing}. */
  async pauseReindexing(): Promise<void> {
    await this.runtime.pause(REINDEXING, { by: 'a burst of pushes' })
  }

  async resumeReindexing(): Promise<void> {
    await this.runtime.resume(REINDEXING)
  }

  /** Whether no job of a kind is queued or running. */
  async isIdle(kind: string): Promise<boolean> {
    const { queued, running } = (await this.runtime.counts())[kind] ?? { queued: 0, running: 0 }
    return queued + running === 0
  }

  /** Ends the runs under way. */
  async close(): Promise<void> {
    await this.runtime.stop({ timeout: STOP_TIMEOUT })
    this.#api?.close()
    this.receivers.close()
    this.#db.close()
    await this.#store.close()
  }

  /**
   * Publishes after the commit of the forge's own change: the change is in another file than the
   * queue. A forge with one file publishes in the transaction of the change, by `publishIn`, so that
   * a crash in between cannot lose the event.
   */
  async #publish(...[event, publication]: Event): Promise<void> {
    await this.runtime.webhooks.publish(event, publication)
  }

  #pullRequest(pk: number): [PullRequest, Repository] {
    const pullRequest = this.pullRequests.get(pk)
    return [pullRequest, this.repositories.get(pullRequest.repo_pk)]
  }
}

async function openStore(file: string, receivers: Receivers): Promise<SqliteStore> {
  try {
    return await SqliteStore.open(file, {
      // The receivers of the example are on this machine, each at a port of its own. A real forge
      // leaves the defaults: public addresses, without the ports of databases and other services.
      webhooks: { allow: ['127.0.0.1'], ports: [80, 443, ...receivers.ports] },
    })
  } catch (error) {
    receivers.close()
    throw error
  }
}

function runtimeOn(store: SqliteStore, config: ForgeConfig) {
  const runtime = new Runtime<typeof handlers>(store, {
    handlers: new URL('./handlers.ts', import.meta.url),
    config,
    // Receivers of the example are meant to fail: the report tells what failed besides.
    logger: false,
    // Deliveries wait for other people's servers: the deliveries have a thread to themselves.
    lanes: { default: { threads: 2 }, io: { threads: 1, concurrency: 64 } },
  })
  runtime.register('deliver_webhook', {
    ...deliverWebhookPolicy({ schedule: SCHEDULE }),
    breaker: BREAKER,
    lane: 'io',
  })
  return runtime
}
