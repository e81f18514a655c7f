import { execFile } from 'node:child_process'
import {
  accessSync,
  chmodSync,
  constants,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'

const exec = promisify(execFile)

/** A server's program, and how to run it. */
export interface Program {
  path: string
  env: Record<string, string>
  version: string
  /** Removes the files that were unpacked for the program. */
  remove: () => void
}

interface Where {
  /** The name of the Debian package. */
  packageName: string
  /** Folders to search after those of `PATH`. */
  folders: string[]
  signal: AbortSignal
}

/**
 * Finds an installed program, or else unpacks its Debian package into a temporary folder: nothing
 * is installed, no service is started, and no rights are needed for it.
 */
export async function findProgram(
  name: string,
  { packageName, folders, signal }: Where,
): Promise<Program> {
  const places = [...(process.env['PATH'] ?? '').split(delimiter), ...folders]
  const installed = places.map((folder) => join(folder, name)).find(isExecutable)
  if (installed !== undefined) return program(installed, {}, () => undefined)
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
  try {
    const files = await unpack(packageName, folder, signal)
    const unpacked = files.find((file) => file.endsWith(`/bin/${name}`) && isExecutable(file))
    if (unpacked === undefined) throw new Error(`${packageName} does not have it`)
    const libraries = files
      .filter((file) => /\.so(\.\d+)*$/.test(file))
      .map((file) => dirname(file))
    const env = { LD_LIBRARY_PATH: [...new Set(libraries)].join(delimiter) }
    return await program(unpacked, env, remove)
  } catch (error) {
    remove()
    throw new Error(`${name} is not installed, and could not be unpacked: ${reasonOf(error)}`, {
      cause: error,
    })
  }
}

/** The line that tells why a program failed: from its stderr, or else from the error's message. */
export function reasonOf(error: unknown): string {
  const { stderr, message } = error as Error & { stderr?: string }
  const lines = (stderr?.trim() || message).split('\n')
  const line = lines.find((line) => /^(npm error|E: |\w*Error\b)|FATAL/.test(line))
  return (line ?? lines.at(-1) ?? '').trim()
}

async function program(
  path: string,
  libraries: Record<string, string>,
  remove: () => void,
): Promise<Program> {
  const env = { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', ...libraries }
  const { stdout } = await exec(path, ['--version'], { env })
  return { path, env, version: /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? stdout.trim(), remove }
}

/**
 * Downloads a package and its dependencies that are not installed, and unpacks them. Apt gets lists
 * and a cache in `folder`, apart from those of the system.
 *
 * @returns the paths of all unpacked files
 */
async function unpack(packageName: string, folder: string, signal: AbortSignal): Promise<string[]> {
  const lists = join(folder, 'lists')
  const cache = join(folder, 'cache')
  const root = join(folder, 'root')
  mkdirSync(join(lists, 'partial'), { recursive: true })
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true })
  const own = { 'Dir::State::Lists': lists, 'Dir::Cache': cache, 'APT::Sandbox::User': '' }
  const settings = { ...own, 'Debug::NoLocking': '1', 'Acquire::Retries': '0' }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const apt = (...args: string[]): Promise<unknown> =>
    exec('apt-get', ['-q', ...flags, ...args], { signal, timeout: 60_000 })
  await apt('update')
  await apt('install', '-y', '--no-install-recommends', '--download-only', packageName)
  for (const archive of filesUnder(cache).filter((file) => file.endsWith('.deb'))) {
    await exec('dpkg-deb', ['-x', archive, root], { signal, timeout: 60_000 })
  }
  // The server's process may belong to another user.
  chmodSync(folder, 0o755)
  return filesUnder(root)
}

function filesUnder(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
