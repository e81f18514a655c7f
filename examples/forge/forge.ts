import type { Database } from 'better-sqlite3'
import { Runtime, SqliteStore } from 'helve'
import { mkdir } from 'node:fs/promises'
import path from 'node:path'
import { openDatabase } from './database.ts'
import type handlers from './handlers.ts'
import type { ForgeConfig } from './handlers.ts'
import {
  deliverWebhooks,
  recomputeMergeability,
  recomputeReviewDecision,
  reindexSearch,
} from './jobs.ts'
import { PullRequests, type NewPullRequest } from './pull-requests.ts'
import { Receivers } from './receivers.ts'
import { Repositories, type Repository } from './repositories.ts'
import { Reviews, type Check, type Review } from './reviews.ts'
import { SearchIndex } from './search-index.ts'

// Milliseconds. A real forge would choose longer times; these keep a run of the example short.
const DELIVERY_TIMEOUT = 2_000
const DELIVERY_BACKOFF = { delay: 250 }
const SLOW_ANSWER = 250
const STOP_TIMEOUT = 5_000

const REINDEXING = { kind: 'reindex_search' } as const

/** Ids of webhooks, by their receivers. */
export type Hooks = Record<keyof Receivers['urls'], number>

/** A small forge, with helve in its process. */
export class Forge {
  readonly runtime
  readonly repositories
  readonly pullRequests
  readonly reviews
  readonly index
  /** Receivers of webhooks. They run in the forge's process, so that the forge needs no network. */
  readonly receivers: Receivers
  /** The webhooks of {@link receivers}. */
  readonly hooks: Hooks
  /** Rejects when the forge cannot run. */
  readonly running: Promise<void>
  readonly #folder: string
  readonly #db: Database
  readonly #store: SqliteStore

  private constructor(folder: string, store: SqliteStore, receivers: Receivers, hooks: Hooks) {
    const database = path.join(folder, 'forge.db')
    this.#folder = folder
    this.#store = store
    this.#db = openDatabase(database)
    this.receivers = receivers
    this.hooks = hooks
    this.repositories = new Repositories(this.#db)
    this.pullRequests = new PullRequests(this.#db, this.repositories)
    this.reviews = new Reviews(this.#db)
    this.index = new SearchIndex(this.#db)
    this.runtime = runtimeOn(store, {
      database,
      webhooks: Object.values(hooks),
      deliveryTimeout: DELIVERY_TIMEOUT,
    })
    this.running = this.runtime.run()
  }

  /** Opens the forge in a folder, or makes one there. */
  static async open(folder: string): Promise<Forge> {
    await mkdir(path.join(folder, 'repositories'), { recursive: true })
    const store = await SqliteStore.open(path.join(folder, 'queue.db'), {
      // The receivers of the example run on this machine.
      webhooks: { allow: ['loopback'] },
    })
    const receivers = await Receivers.listen(SLOW_ANSWER)
    const forge = new Forge(folder, store, receivers, await createHooks(store, receivers))
    // If an earlier run ended in the middle of a burst, the file has kept its pause.
    await forge.resumeReindexing()
    return forge
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
    const event = this.#event('opened', pk)
    await this.runtime.enqueueMany([
      recomputeMergeability(pk),
      ...deliverWebhooks(Object.values(this.hooks), 'pull_request', event),
    ])
    return pk
  }

  async submitReview(review: Review): Promise<void> {
    this.reviews.submit(review)
    const event = { ...this.#event('submitted', review.issue_pk), review }
    await this.runtime.enqueueMany([
      recomputeReviewDecision(review.issue_pk),
      ...deliverWebhooks(Object.values(this.hooks), 'pull_request_review', event),
    ])
  }

  async recordCheck(check: Check): Promise<void> {
    this.reviews.recordCheck(check)
    await this.runtime.enqueueMany([recomputeReviewDecision(check.issue_pk)])
  }

  /** Reindexing jobs wait, and pushes fold into them, until {@link resumeReindexing}. */
  async pauseReindexing(): Promise<void> {
    await this.runtime.pause(REINDEXING, { by: 'a burst of pushes' })
  }

  async resumeReindexing(): Promise<void> {
    await this.runtime.resume(REINDEXING)
  }

  /** Delivers a ping to every webhook. */
  async ping(): Promise<void> {
    const hooks = Object.values(this.hooks)
    await this.runtime.enqueueMany(deliverWebhooks(hooks, 'ping', { occurred_at: Date.now() }))
  }

  /** Whether no job of a kind is queued or running. */
  async isIdle(kind: string): Promise<boolean> {
    const { queued, running } = (await this.runtime.counts())[kind] ?? { queued: 0, running: 0 }
    return queued + running === 0
  }

  /** The attempts on one webhook, newest first. */
  async attempts(hook: number) {
    const { deliveries } = await this.#store.webhooks.deliveries({ hook, limit: 1_000 })
    return deliveries
  }

  /** Ends the runs under way, and deletes the webhooks, whose receivers end with this process. */
  async close(): Promise<void> {
    await this.runtime.stop({ timeout: STOP_TIMEOUT })
    this.receivers.close()
    for (const webhook of Object.values(this.hooks)) await this.#store.webhooks.delete(webhook)
    this.#db.close()
    await this.#store.close()
  }

  #event(action: string, pk: number) {
    const { title, base, head, repo_pk } = this.pullRequests.get(pk)
    const pull_request = { number: pk, title, base: { ref: base }, head: { ref: head } }
    const { name } = this.repositories.get(repo_pk)
    const repository = { id: repo_pk, name }
    return { action, number: pk, pull_request, repository, occurred_at: Date.now() }
  }
}

function runtimeOn(store: SqliteStore, config: ForgeConfig) {
  const runtime = new Runtime<typeof handlers>(store, {
    handlers: new URL('./handlers.ts', import.meta.url),
    config,
    // Deliveries wait for other people's servers: the deliveries have a thread to themselves.
    lanes: { default: { threads: 2 }, io: { threads: 1, concurrency: 64 } },
  })
  runtime.register('deliver_webhook', {
    lane: 'io',
    backoff: DELIVERY_BACKOFF,
    // An endpoint that never answers takes up the few places of its own group, and no others.
    group: ({ webhook_pk }: { webhook_pk: number }) => String(webhook_pk),
    groupConcurrency: 4,
  })
  return runtime
}

async function createHooks({ webhooks }: SqliteStore, receivers: Receivers): Promise<Hooks> {
  const { secret, urls } = receivers
  const create = (url: string) => webhooks.create({ url, secret, events: ['*'] })
  return {
    verifying: await create(urls.verifying),
    slow: await create(urls.slow),
    silent: await create(urls.silent),
  }
}
