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

/**
 * A server's program, and how to run it.
 *
 * @typedef {object} Program
 * @property {string} path
 * @property {Record<string, string>} env
 * @property {string} version
 * @property {() => void} remove what was unpacked for it
 */

/**
 * Finds an installed program, or else unpacks its Debian package into a temporary folder: nothing
 * is installed, no service is started, and no rights are needed for it.
 *
 * @param {string} name
 * @param {{ packageName: string, folders: string[], signal: AbortSignal }} options
 * @returns {Promise<Program>}
 */
export async function findProgram(name, { packageName, folders, signal }) {
  const places = [...(process.env.PATH ?? '').split(delimiter), ...folders]
  const installed = places.map((folder) => join(folder, name)).find(isExecutable)
  if (installed !== undefined) return program(installed, {}, () => {})
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
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

/**
 * The line of what a program has said, or else of the message, that tells why it failed.
 *
 * @param {unknown} error
 */
export function reasonOf(error) {
  const { stderr, message } = /** @type {Error & { stderr?: string }} */ (error)
  const lines = (stderr?.trim() || message).split('\n')
  const line = lines.find((line) => /^(npm error|E: |\w*Error\b)|FATAL/.test(line))
  return (line ?? lines.at(-1) ?? '').trim()
}

/**
 * @param {string} path
 * @param {Record<string, string>} libraries
 * @param {() => void} remove
 */
async function program(path, libraries, remove) {
  const env = { PATH: process.env.PATH ?? '', LC_ALL: 'C', ...libraries }
  const { stdout } = await exec(path, ['--version'], { env })
  return { path, env, version: /\d+\.\d+(\.\d+)?/.exec(stdout)?.[0] ?? stdout.trim(), remove }
}

/**
 * Downloads a package, and those of its dependencies that are not installed, with lists and a cache
 * of their own, and unpacks them.
 *
 * @param {string} packageName
 * @param {string} folder
 * @param {AbortSignal} signal
 * @returns {Promise<string[]>} all files
 */
async function unpack(packageName, folder, signal) {
  const [lists, cache, root] = ['lists', 'cache', 'root'].map((name) => join(folder, name))
  mkdirSync(join(lists, 'partial'), { recursive: true })
  mkdirSync(join(cache, 'archives', 'partial'), { recursive: true })
  const own = { 'Dir::State::Lists': lists, 'Dir::Cache': cache, 'APT::Sandbox::User': '' }
  const settings = { ...own, 'Debug::NoLocking': '1', 'Acquire::Retries': '0' }
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`])
  const apt = (/** @type {string[]} */ ...args) =>
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

/** @param {string} folder */
function filesUnder(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
}

/** @param {string} path */
function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}
