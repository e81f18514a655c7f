export {
  deliverWebhookHandler,
  type DeliverWebhookDeps,
  type DeliverWebhookPayload,
} from './deliver-webhook.ts'
export {
  recomputeMergeabilityHandler,
  type MergeabilityRecomputer,
  type RecomputeMergeabilityPayload,
} from './recompute-mergeability.ts'
export {
  recomputeReviewDecisionHandler,
  type RecomputeReviewDecisionPayload,
  type ReviewDecisionRecomputer,
} from './recompute-review-decision.ts'
export {
  reindexSearchHandler,
  type CodeReindexer,
  type ReindexSearchPayload,
} from './reindex-search.ts'
