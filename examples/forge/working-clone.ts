import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { git, gitLine, gitMaybe } from './git.ts'

/**
 * Somebody's clone of a repository. Only one folder of it is checked out: the others may hold
 * thousands of files, and names that this machine's file system does not take.
 */
export class WorkingClone {
  /** The folder that is checked out, and in which commits change files. */
  readonly folder: string
  readonly #path: string
  readonly #signal: AbortSignal

  private constructor(path: string, folder: string, signal: AbortSignal) {
    this.#path = path
    this.folder = folder
    this.#signal = signal
  }

  static async of(repository: string, at: string, folder: string, signal: AbortSignal) {
    const parent = path.dirname(at)
    await git(parent, ['clone', '--quiet', '--no-checkout', '--template=', repository, at], {
      signal,
    })
    const clone = new WorkingClone(at, folder, signal)
    await clone.#git('sparse-checkout', 'set', '--no-cone', `/${folder}/`)
    return clone
  }

  /** Switches to a branch as it was pushed last, or to a branch that has no commit yet. */
  async checkout(branch: string): Promise<void> {
    const remote = `refs/remotes/origin/${branch}`
    const exists = await gitMaybe(this.#path, ['rev-parse', '--quiet', '--verify', remote])
    if (exists === undefined) await this.#git('checkout', '--quiet', '--orphan', branch)
    else await this.#git('checkout', '--quiet', '--force', '-B', branch, remote)
  }

  /** Switches to a new branch that begins where the present one is. */
  async branch(name: string): Promise<void> {
    await this.#git('checkout', '--quiet', '-b', name)
  }

  /** Writes a file of the folder and commits it; resolves to the commit. */
  async commit(file: string, content: string, message: string): Promise<string> {
    const name = path.join(this.folder, file)
    const absolute = path.join(this.#path, name)
    await mkdir(path.dirname(absolute), { recursive: true })
    await writeFile(absolute, content)
    // Forced, since the repository's ignore rules may match the new file.
    await this.#git('add', '--force', '--', name)
    await this.#git('commit', '--quiet', '--no-verify', '--message', message)
    return gitLine(this.#path, ['rev-parse', 'HEAD'])
  }

  async push(commit: string, branch: string): Promise<void> {
    await this.#git('push', '--quiet', 'origin', `${commit}:refs/heads/${branch}`)
  }

  async #git(...args: string[]): Promise<void> {
    await git(this.#path, args, { signal: this.#signal })
  }
}
