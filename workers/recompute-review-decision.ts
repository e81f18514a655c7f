import { checkFunction } from '../src/job/check.ts'
import { read } from '../src/job/errors.ts'
import type { Handler, HandlerContext } from '../src/run/handler.ts'
import { requiredKey } from './payload-fields.ts'

/** What `recompute_review_decision` needs of its host. */
export interface ReviewDecisionRecomputer {
  /** Computes the review decision of a pull request anew. Throwing fails the run. */
  recomputeReviewDecision(issuePk: number, ctx: HandlerContext): unknown
}

export interface RecomputeReviewDecisionPayload {
  issue_pk: number
}

/**
 * The handler of the kind `recompute_review_decision`. Without a usable `issue_pk` the job is dead
 * at once.
 *
 * @throws HelveError `HELVE_ERR_OPTION` when the recomputer lacks its method
 */
export function recomputeReviewDecisionHandler(
  recomputer: ReviewDecisionRecomputer,
): Handler<RecomputeReviewDecisionPayload> {
  checkFunction(read(recomputer, 'recomputeReviewDecision'), 'recomputer.recomputeReviewDecision')
  return async (job, ctx) => {
    await recomputer.recomputeReviewDecision(requiredKey(job.payload, 'issue_pk'), ctx)
  }
}
