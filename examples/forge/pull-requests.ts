import type { Database } from 'better-sqlite3'
import { PermanentError, type HandlerContext } from 'helve/worker'
import { git, GitError, gitMaybe } from './git.ts'
import type { Repositories } from './repositories.ts'
import { decode } from './tree.ts'

/** The data of a new pull request; `base` and `head` are branches of its repository. */
export interface NewPullRequest {
  repo_pk: number
  title: string
  base: string
  head: string
}

export interface PullRequest extends NewPullRequest {
  pk: number
  mergeable: 'unknown' | 'clean' | 'conflict'
  /** JSON: names of the files that conflict. */
  conflicts: string
  review_decision: 'review_required' | 'changes_requested' | 'checks_failing' | 'approved'
}

/** Pull requests, and whether they merge. */
export class PullRequests {
  readonly #repositories: Repositories
  readonly #statements

  constructor(db: Database, repositories: Repositories) {
    this.#repositories = repositories
    this.#statements = prepare(db)
  }

  /** @returns the pull request's pk */
  open(pullRequest: NewPullRequest): number {
    return Number(this.#statements.open.run(pullRequest).lastInsertRowid)
  }

  /** @throws PermanentError when there is no such pull request */
  get(pk: number): PullRequest {
    const found = this.#statements.get.get(pk)
    if (found === undefined) throw new PermanentError(`no pull request ${pk}`)
    return found
  }

  /** Pks of the pull requests whose base or head is this branch. */
  touching(repoPk: number, branch: string): number[] {
    return this.#statements.touching.all({ repoPk, branch })
  }

  /** Tries the merge, without a working tree, and stores the result. */
  async recomputeMergeability(pk: number, { signal }: HandlerContext): Promise<Merge> {
    const { repo_pk, base, head } = this.get(pk)
    const { path } = this.#repositories.get(repo_pk)
    const merge = await tryMerge(path, base, head, signal)
    this.#statements.setMerge.run(merge.mergeable, JSON.stringify(merge.conflicts), pk)
    return merge
  }
}

interface Merge {
  mergeable: PullRequest['mergeable']
  conflicts: string[]
}

async function tryMerge(
  repository: string,
  base: string,
  head: string,
  signal: AbortSignal,
): Promise<Merge> {
  for (const branch of [base, head]) {
    const ref = ['rev-parse', '--quiet', '--verify', `refs/heads/${branch}`]
    // A branch that is gone may be pushed again; the push recomputes the mergeability.
    if (!(await gitMaybe(repository, ref, { signal })))
      return { mergeable: 'unknown', conflicts: [] }
  }
  const names = ['-z', '--name-only', '--no-messages']
  try {
    const refs = [`refs/heads/${base}`, `refs/heads/${head}`]
    await git(repository, ['merge-tree', '--write-tree', ...names, ...refs], { signal })
    return { mergeable: 'clean', conflicts: [] }
  } catch (error) {
    if (!(error instanceof GitError) || error.exitCode !== 1) throw error
    const [, ...conflicts] = decode(error.stdout).split('\0').filter(Boolean)
    return { mergeable: 'conflict', conflicts }
  }
}

function prepare(db: Database) {
  return {
    open: db.prepare<NewPullRequest>(`
      INSERT INTO pull_requests (repo_pk, title, base, head)
      VALUES (@repo_pk, @title, @base, @head)`),
    get: db.prepare<[number], PullRequest>('SELECT * FROM pull_requests WHERE pk = ?'),
    touching: db
      .prepare<{ repoPk: number; branch: string }, number>(
        `SELECT pk FROM pull_requests WHERE repo_pk = @repoPk AND @branch IN (base, head)`,
      )
      .pluck(),
    setMerge: db.prepare('UPDATE pull_requests SET mergeable = ?, conflicts = ? WHERE pk = ?'),
  }
}
