import { checkFunction } from '../src/job/check.ts'
import { read } from '../src/job/errors.ts'
import type { Handler, HandlerContext } from '../src/run/handler.ts'
import { requiredKey } from './payload-fields.ts'

/** What `recompute_mergeability` needs of its host. */
export interface MergeabilityRecomputer {
  /** Finds out anew whether a pull request can be merged. Throwing fails the run. */
  recomputeMergeability(issuePk: number, ctx: HandlerContext): unknown
}

export interface RecomputeMergeabilityPayload {
  issue_pk: number
}

/**
 * The handler of the kind `recompute_mergeability`. Without a usable `issue_pk` the job is dead at
 * once.
 *
 * @throws HelveError `HELVE_ERR_OPTION` when the recomputer lacks its method
 */
export function recomputeMergeabilityHandler(
  recomputer: MergeabilityRecomputer,
): Handler<RecomputeMergeabilityPayload> {
  checkFunction(read(recomputer, 'recomputeMergeability'), 'recomputer.recomputeMergeability')
  return async (job, ctx) => {
    await recomputer.recomputeMergeability(requiredKey(job.payload, 'issue_pk'), ctx)
  }
}
