// The jobs that the forge enqueues, from its main thread and from its handlers.

/** The payload by which the hook reports one pushed ref. */
export interface Push {
  repo_pk: number
  ref: string
  before: string
  after: string
  /** Names the event: all deliveries of the event, and all their attempts, carry the guid. */
  guid: string
  /** Epoch milliseconds. */
  occurred_at: number
}

export function reindexSearch(repo_pk: number) {
  return {
    kind: 'reindex_search',
    payload: { repo_pk },
    dedupeKey: `reindex:repo:${repo_pk}`,
  } as const
}

export function recomputeMergeability(issue_pk: number) {
  const dedupeKey = `mergeability:issue:${issue_pk}`
  return { kind: 'recompute_mergeability', payload: { issue_pk }, dedupeKey } as const
}

export function recomputeReviewDecision(issue_pk: number) {
  const dedupeKey = `review:issue:${issue_pk}`
  return { kind: 'recompute_review_decision', payload: { issue_pk }, dedupeKey } as const
}
