import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const MAX_OUTPUT = 1024 ** 3

/** The error with which `execFile` rejects. */
interface Failure extends Error {
  code?: number | string
  stdout?: Buffer
  stderr?: Buffer
}

/** A failure of git. The message is what git said. */
export class GitError extends Error {
  /** git's exit code; `null` when git did not run to its end. */
  readonly exitCode: number | null
  readonly stdout: Buffer

  constructor(args: readonly string[], cause: Failure) {
    const said = cause.stderr?.toString().trim() || cause.message
    super(`git ${args[0]}: ${said}`, { cause })
    this.name = 'GitError'
    this.exitCode = typeof cause.code === 'number' ? cause.code : null
    this.stdout = cause.stdout ?? Buffer.alloc(0)
  }
}

export interface GitOptions {
  signal?: AbortSignal
  env?: NodeJS.ProcessEnv
}

/**
 * Runs git in a folder; resolves to git's stdout.
 *
 * @throws GitError when git cannot be run, is aborted, or does not exit with 0
 */
export async function git(
  cwd: string,
  args: readonly string[],
  { signal, env }: GitOptions = {},
): Promise<Buffer> {
  try {
    const { stdout } = await run('git', args, {
      cwd,
      env: { ...gitEnvironment(), ...env },
      encoding: 'buffer',
      maxBuffer: MAX_OUTPUT,
      ...(signal ? { signal } : {}),
    })
    return stdout
  } catch (error) {
    throw new GitError(args, error as Failure)
  }
}

/** As {@link git}, for one line of output. */
export async function gitLine(
  cwd: string,
  args: readonly string[],
  options?: GitOptions,
): Promise<string> {
  return (await git(cwd, args, options)).toString().trimEnd()
}

/** As {@link gitLine}; undefined when git exits with 1, by which git says that it found nothing. */
export async function gitMaybe(
  cwd: string,
  args: readonly string[],
  options?: GitOptions,
): Promise<string | undefined> {
  try {
    return await gitLine(cwd, args, options)
  } catch (error) {
    if (error instanceof GitError && error.exitCode === 1) return undefined
    throw error
  }
}

/** @throws Error when git is missing or too old */
export async function checkGit(): Promise<void> {
  const said = await gitLine('.', ['--version'])
  const [, major = 0, minor = 0] = /(\d+)\.(\d+)/.exec(said) ?? []
  // git has `merge-tree --write-tree` since version 2.38.
  if (Number(major) * 1_000 + Number(minor) >= 2_038) return
  throw new Error(`git: expected version 2.38 or newer, got ${said}`)
}

/** This process's environment without the variables that lead git to other places and settings. */
export function gitEnvironment(): NodeJS.ProcessEnv {
  const inherited = Object.entries(process.env).filter(
    ([name]) => !name.startsWith('GIT_') && name !== 'NODE_OPTIONS',
  )
  return {
    ...Object.fromEntries(inherited),
    GIT_CONFIG_GLOBAL: fileURLToPath(new URL('./gitconfig', import.meta.url)),
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_TERMINAL_PROMPT: '0',
    LC_ALL: 'C',
  }
}
