import {
  deliverWebhookHandler,
  recomputeMergeabilityHandler,
  recomputeReviewDecisionHandler,
  reindexSearchHandler,
} from 'helve/handlers'
import { defineHandlers, type HandlerContext, type Job } from 'helve/worker'
import { openDatabase } from './database.ts'
import { pushed } from './events.ts'
import { recomputeMergeability, type Push } from './jobs.ts'
import { PullRequests } from './pull-requests.ts'
import { Repositories } from './repositories.ts'
import { Reviews } from './reviews.ts'
import { SearchIndex } from './search-index.ts'

/** The configuration that every thread is given. */
export interface ForgeConfig {
  /** Path of the forge's own database. */
  database: string
  /** Milliseconds that a delivery attempt may take. */
  deliveryTimeout: number
}

export default defineHandlers((config: ForgeConfig, thread) => {
  const db = openDatabase(config.database)
  const repositories = new Repositories(db)
  const pullRequests = new PullRequests(db, repositories)
  const index = new SearchIndex(db)

  /** Does what a push entails. The turn that completes the job writes all of it, or nothing. */
  function fanOut({ payload: push }: Job<Push>, ctx: HandlerContext): void {
    ctx.publish(...pushed(push, repositories.get(push.repo_pk)))
    const branch = /^refs\/heads\/(.*)$/s.exec(push.ref)?.[1]
    const touched = branch === undefined ? [] : pullRequests.touching(push.repo_pk, branch)
    for (const { kind, payload, dedupeKey } of touched.map(recomputeMergeability)) {
      ctx.enqueue(kind, payload, { dedupeKey })
    }
  }

  return {
    kinds: {
      push: fanOut,
      reindex_search: reindexSearchHandler({
        reindexRepoCode: (repoPk, ctx) => index.rebuild(repositories.get(repoPk), ctx),
      }),
      recompute_mergeability: recomputeMergeabilityHandler(pullRequests),
      recompute_review_decision: recomputeReviewDecisionHandler(new Reviews(db)),
      deliver_webhook: deliverWebhookHandler({
        hooks: thread.webhooks,
        timeout: config.deliveryTimeout,
      }),
    },
    close: () => db.close(),
  }
})
