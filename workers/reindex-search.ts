import { checkFunction } from '../src/job/check.ts'
import { read } from '../src/job/errors.ts'
import type { Handler, HandlerContext } from '../src/run/handler.ts'
import { requiredKey } from './payload-fields.ts'

/** What `reindex_search` needs of its host. */
export interface CodeReindexer {
  /** Brings the code search index of a repository up to date. Throwing fails the run. */
  reindexRepoCode(repoPk: number, ctx: HandlerContext): unknown
}

export interface ReindexSearchPayload {
  repo_pk: number
}

/**
 * The handler of the kind `reindex_search`. Without a usable `repo_pk` the job is dead at once.
 *
 * @throws HelveError `HELVE_ERR_OPTION` when the reindexer lacks its method
 */
export function reindexSearchHandler(reindexer: CodeReindexer): Handler<ReindexSearchPayload> {
  checkFunction(read(reindexer, 'reindexRepoCode'), 'reindexer.reindexRepoCode')
  return async (job, ctx) => {
    await reindexer.reindexRepoCode(requiredKey(job.payload, 'repo_pk'), ctx)
  }
}
