import { mkdir, symlink, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { git as gitOfForge } from '../../examples/forge/git.ts'
import { ROOT } from '../support/built.ts'

const TEXTS = [
  'with space',
  `with "double" and 'single' quotes`,
  'with\nnewline',
  '--with-option',
  'überall/日本語',
  '.gitignore',
]

/** What the forge is to count in {@link difficultRepository}. */
export const DIFFICULT = { files: TEXTS.length + 2, texts: TEXTS.length }

/**
 * A repository with one commit, on a branch that is not called main. The commit has names that need
 * quoting, files that are no text, and entries that are no files.
 */
export async function difficultRepository(folder: string): Promise<string> {
  const repository = await emptyRepository(folder, "it's difficult", 'trunk/ünï"code"')
  const add = async (name: string, content: string | Buffer) => {
    const file = path.join(repository, name)
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, content)
  }
  for (const name of TEXTS) await add(name, '*\n')
  await add('binary', Buffer.from([1, 0, 2]))
  await add('large', 'x'.repeat(1024 * 1024 + 1))
  await symlink('nowhere', path.join(repository, 'link'))
  await git(repository, ['add', '--force', '--all'])
  const submodule = `160000,${'1'.repeat(40)},submodule`
  await git(repository, ['update-index', '--add', '--cacheinfo', submodule])
  await git(repository, ['commit', '--quiet', '--message', 'Everything difficult'])
  return repository
}

/** A repository without a commit. */
export async function emptyRepository(
  folder: string,
  name = 'empty',
  branch = 'trunk',
): Promise<string> {
  const repository = path.join(folder, name)
  await mkdir(repository)
  await git(repository, ['init', '--quiet', '--template=', '--initial-branch', branch])
  return repository
}

/** Runs git as the forge does. The configuration is named here, since the build leaves it out. */
function git(cwd: string, args: string[]): Promise<Buffer> {
  const config = fileURLToPath(new URL('examples/forge/gitconfig', ROOT))
  return gitOfForge(cwd, args, { env: { GIT_CONFIG_GLOBAL: config } })
}
