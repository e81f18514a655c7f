import type { Database, Statement } from 'better-sqlite3'
import { PermanentError } from 'helve/worker'
import { randomUUID } from 'node:crypto'
import { mkdir, realpath, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { git, gitLine, gitMaybe } from './git.ts'

/** A bare repository of the forge. */
export interface Repository {
  pk: number
  /** Path of the repository that was imported. */
  source: string
  name: string
  /** Path of the bare repository. */
  path: string
}

const HOOK = fileURLToPath(new URL('./post-receive.mjs', import.meta.url))

/** The forge's repositories: bare, each with a `post-receive` hook. */
export class Repositories {
  readonly #get: Statement<[number], Repository>
  readonly #find: Statement<[string], Repository>
  readonly #named: Statement<[string], Repository>
  readonly #insert: Statement<[string, string, string]>

  constructor(db: Database) {
    const columns = 'pk, source, name, path'
    this.#get = db.prepare(`SELECT ${columns} FROM repositories WHERE pk = ?`)
    this.#find = db.prepare(`SELECT ${columns} FROM repositories WHERE source = ?`)
    this.#named = db.prepare(`SELECT ${columns} FROM repositories WHERE name = ?`)
    this.#insert = db.prepare('INSERT INTO repositories (source, name, path) VALUES (?, ?, ?)')
  }

  /** @throws PermanentError when there is no such repository */
  get(pk: number): Repository {
    const found = this.#get.get(pk)
    if (found === undefined) throw new PermanentError(`no repository ${pk}`)
    return found
  }

  /** The repository of a name, which is unique in the forge. */
  named(name: string): Repository | undefined {
    return this.#named.get(name)
  }

  /**
   * Makes a bare copy of a repository; the source is only read. If the source was imported before,
   * the forge keeps its copy as the copy is now.
   *
   * @param to.folder the folder of the bare repositories
   * @param to.queue the file that pushes are enqueued into
   */
  async import(
    source: string,
    { folder, queue }: { folder: string; queue: string },
    signal: AbortSignal,
  ): Promise<Repository> {
    const known = this.#find.get(source)
    if (known) return known
    const name = this.#nameFor(source)
    const bare = path.join(folder, `${name}-${randomUUID().slice(0, 8)}.git`)
    const copy = ['clone', '--quiet', '--bare', '--no-hardlinks', '--template=']
    await git(folder, [...copy, source, bare], { signal })
    await git(bare, ['remote', 'remove', 'origin'])
    await attachHead(bare)
    const pk = Number(this.#insert.run(source, name, bare).lastInsertRowid)
    await installHook(bare, queue, pk)
    return { pk, source, name, path: bare }
  }

  /** The name of the source's folder; with a number, if another repository has the name. */
  #nameFor(source: string): string {
    const name = path.basename(source).replace(/\.git$/, '') || 'repository'
    let unused = name
    for (let n = 2; this.named(unused); n++) unused = `${name}-${n}`
    return unused
  }
}

/**
 * The repository at a path, as an absolute path.
 *
 * @throws Error that names the path, when there is no repository at it
 */
export async function repositoryAt(given: string): Promise<string> {
  const source = await realpath(given).catch(() => {
    throw new Error(`${given}: no such file or folder`)
  })
  try {
    // A folder inside of a repository is not a repository.
    const env = { GIT_CEILING_DIRECTORIES: path.dirname(source) }
    await gitLine(source, ['rev-parse', '--git-dir'], { env })
  } catch (error) {
    throw new Error(`${given}: not a git repository`, { cause: error })
  }
  return source
}

/** The branch that HEAD names, whether or not it has a commit yet. */
export function headBranch(repository: string): Promise<string> {
  return gitLine(repository, ['symbolic-ref', '--short', 'HEAD'])
}

/** The commit of HEAD; `null` before the first commit. */
export async function headCommit(repository: string, signal?: AbortSignal): Promise<string | null> {
  const options = signal ? { signal } : {}
  const head = ['rev-parse', '--quiet', '--verify', 'HEAD']
  return (await gitMaybe(repository, head, options)) ?? null
}

/** Gives HEAD a branch: pushes need one, and a copy of a detached checkout may have none. */
async function attachHead(bare: string): Promise<void> {
  if ((await gitMaybe(bare, ['symbolic-ref', '--quiet', 'HEAD'])) !== undefined) return
  const commit = await gitLine(bare, ['rev-parse', 'HEAD'])
  await git(bare, ['update-ref', 'refs/heads/imported', commit])
  await git(bare, ['symbolic-ref', 'HEAD', 'refs/heads/imported'])
}

async function installHook(bare: string, queue: string, pk: number): Promise<void> {
  const command = [process.execPath, HOOK, queue, String(pk)].map(quoted).join(' ')
  const hooks = path.join(bare, 'hooks')
  await mkdir(hooks, { recursive: true })
  const hook = path.join(hooks, 'post-receive')
  await writeFile(hook, `#!/bin/sh\nexec ${command}\n`, { mode: 0o755 })
}

/** Quotes a word for the shell that runs the hook. */
function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`
}
