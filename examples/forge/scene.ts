import { randomBytes } from 'node:crypto'
import path from 'node:path'
import type { Changes } from './changes.ts'
import { ORGANIZATION } from './events.ts'
import type { Forge } from './forge.ts'
import { HooksClient } from './hooks-client.ts'
import type { Report } from './report.ts'
import { headBranch, type Repository } from './repositories.ts'
import { WorkingClone } from './working-clone.ts'

/** What all steps share. */
export interface Run {
  forge: Forge
  changes: Changes
  report: Report
  signal: AbortSignal
  /** The folder of the working clones. */
  folder: string
  /** Every commit that was pushed. */
  pushed: string[]
}

/** The hooks of a repository, or those of the organisation, in the forge's API. */
export function hooksOf({ forge }: Run, repository?: Repository): HooksClient {
  const { login } = ORGANIZATION
  const owner = repository
    ? `repos/${login}/${encodeURIComponent(repository.name)}`
    : `orgs/${login}`
  return new HooksClient(`${forge.api}/${owner}`, forge.receivers.secret)
}

/** What the steps on one repository share. */
export class Scene {
  readonly run: Run
  readonly repository: Repository
  /** The branch that the repository's HEAD names. It may have no commit yet. */
  readonly base: string
  /** A word that the repository does not contain. The steps name what they add by this word. */
  readonly word: string
  readonly #clone: WorkingClone

  private constructor(run: Run, repository: Repository, base: string, clone: WorkingClone) {
    this.run = run
    this.repository = repository
    this.base = base
    this.word = clone.folder
    this.#clone = clone
  }

  static async open(run: Run, repository: Repository): Promise<Scene> {
    const word = `forge_${randomBytes(4).toString('hex')}`
    const at = path.join(run.folder, word)
    const clone = await WorkingClone.of(repository.path, at, word, run.signal)
    return new Scene(run, repository, await headBranch(repository.path), clone)
  }

  /** Commits a file to the base and pushes it; resolves to the commit. */
  async pushBase(file: string, content: string, message: string): Promise<string> {
    await this.#clone.checkout(this.base)
    return this.#pushOne(this.base, file, content, message)
  }

  /** As {@link pushBase}, but commits to a new branch that begins at the base. */
  async pushBranch(
    branch: string,
    file: string,
    content: string,
    message: string,
  ): Promise<string> {
    await this.#clone.checkout(this.base)
    await this.#clone.branch(branch)
    return this.#pushOne(branch, file, content, message)
  }

  /** Makes `pushes` commits, then pushes one after the other to the base, and yields each. */
  async *pushBurst(pushes: number): AsyncGenerator<string> {
    await this.#clone.checkout(this.base)
    const commits: string[] = []
    for (let i = 1; i <= pushes; i++) {
      commits.push(await this.#clone.commit('burst', `${i}\n`, `Push ${i} of ${pushes}`))
    }
    for (const commit of commits) {
      await this.#push(commit, this.base)
      yield commit
    }
  }

  async #pushOne(branch: string, file: string, content: string, message: string) {
    const commit = await this.#clone.commit(file, content, message)
    await this.#push(commit, branch)
    return commit
  }

  async #push(commit: string, branch: string): Promise<void> {
    await this.#clone.push(commit, branch)
    this.run.pushed.push(commit)
  }
}
