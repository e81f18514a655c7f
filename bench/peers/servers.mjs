import { execFile, execFileSync, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { findProgram, reasonOf } from './programs.mjs'

/**
 * A kind of server. Each start is a new, empty one, on loopback, with a free port, a password and
 * a temporary folder.
 *
 * @typedef {object} Server
 * @property {string} version
 * @property {(signal: AbortSignal) => Promise<Started>} start resolves when it takes connections
 * @property {() => void} remove what finding it has left
 *
 * @typedef {object} Started
 * @property {string} url
 * @property {() => Promise<void>} stop ends it, and removes its folder
 *
 * @typedef {{ cwd: string, env: Record<string, string>, uid?: number, gid?: number }} SpawnOptions
 */

const START_TIMEOUT = 30_000
const STOP_TIMEOUT = 10_000

/** @type {Record<'redis' | 'postgres', (signal: AbortSignal) => Promise<Server>>} */
export const SERVERS = { redis, postgres }

/** @param {AbortSignal} signal @returns {Promise<Server>} */
async function redis(signal) {
  const options = { packageName: 'redis-server', folders: [], signal }
  const program = await findProgram('redis-server', options)
  return {
    version: program.version,
    start: (signal) =>
      inOwnFolder(['redis', 'nobody'], async (where) => {
        const [port, password] = [await freePort(), randomPassword()]
        const config = `
          bind 127.0.0.1
          port ${port}
          requirepass ${password}
          appendonly yes
          appendfsync everysec
          save ""
        `
        const stop = await startProcess(program.path, ['-'], {
          options: { ...where, env: program.env },
          input: config,
          ready: 'Ready to accept connections',
          stopSignal: 'SIGTERM',
          signal,
        })
        return { url: `redis://:${password}@127.0.0.1:${port}`, stop }
      }),
    remove: program.remove,
  }
}

/** @param {AbortSignal} signal @returns {Promise<Server>} */
async function postgres(signal) {
  const options = { packageName: 'postgresql', folders: postgresFolders(), signal }
  const program = await findProgram('postgres', options)
  const initdb = join(dirname(realpathSync(program.path)), 'initdb')
  return {
    version: program.version,
    start: (signal) =>
      inOwnFolder(['postgres', 'nobody'], async (where) => {
        const [port, password] = [await freePort(), randomPassword()]
        const options = { ...where, env: program.env }
        await initialise(initdb, password, options, signal)
        // Everything that bears on speed or durability is left at its default.
        const settings = { listen_addresses: '127.0.0.1', port, unix_socket_directories: '' }
        const flags = Object.entries(settings).flatMap(([name, value]) => [
          '-c',
          `${name}=${value}`,
        ])
        const stop = await startProcess(program.path, ['-D', 'data', ...flags], {
          options,
          ready: 'database system is ready to accept connections',
          stopSignal: 'SIGINT',
          signal,
        })
        return { url: `postgres://postgres:${password}@127.0.0.1:${port}/postgres`, stop }
      }),
    remove: program.remove,
  }
}

/**
 * @param {string} initdb
 * @param {string} password
 * @param {SpawnOptions} options
 * @param {AbortSignal} signal
 */
async function initialise(initdb, password, options, signal) {
  const file = join(options.cwd, 'password')
  writeFileSync(file, password, { mode: 0o600 })
  if (options.uid !== undefined) chownSync(file, options.uid, options.gid ?? 0)
  const flags = ['-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${file}`]
  const locale = ['--encoding=UTF8', '--locale=C']
  const bounded = { ...options, signal, timeout: START_TIMEOUT }
  await promisify(execFile)(initdb, ['-D', 'data', ...flags, ...locale], bounded)
}

/** Where distributions put it, which is not on the path; the newest first. */
function postgresFolders() {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).map(Number) : []
  return versions.toSorted((a, b) => b - a).map((version) => `${debian}/${version}/bin`)
}

/**
 * Runs `start` with a new folder that belongs to the first of these users if the process is root's
 * (Postgres refuses to run as root), and removes the folder after the end.
 *
 * @param {string[]} users
 * @param {(where: Omit<SpawnOptions, 'env'>) => Promise<Started>} start
 * @returns {Promise<Started>}
 */
async function inOwnFolder(users, start) {
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  try {
    const owner = process.getuid?.() === 0 ? users.map(idsOf).find(Boolean) : undefined
    if (owner !== undefined) chownSync(folder, owner.uid, owner.gid)
    const { url, stop } = await start({ cwd: folder, ...owner })
    return { url, stop: () => stop().finally(remove) }
  } catch (error) {
    remove()
    throw error
  }
}

/** @param {string} user */
function idsOf(user) {
  try {
    const id = (/** @type {string} */ flag) =>
      Number(execFileSync('id', [flag, user], { stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

/**
 * Starts a server and waits until it says that it is ready.
 *
 * @param {string} path
 * @param {string[]} flags
 * @param {{ options: SpawnOptions, input?: string, ready: string, stopSignal: NodeJS.Signals, signal: AbortSignal }} how
 * @returns {Promise<() => Promise<void>>} ends it
 */
async function startProcess(path, flags, { options, input = '', ready, stopSignal, signal }) {
  const child = spawn(path, flags, { ...options, stdio: 'pipe' })
  const exited = once(child, 'close').catch(() => {})
  const stop = async () => {
    child.kill(stopSignal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT)
    await exited
    clearTimeout(timer)
  }
  let log = ''
  const isReady = new Promise((resolve, reject) => {
    const onOutput = (/** @type {Buffer} */ text) => {
      log = (log + text.toString()).slice(-10_000)
      if (log.includes(ready)) resolve(undefined)
    }
    child.stdout.on('data', onOutput)
    child.stderr.on('data', onOutput)
    child.on('error', reject)
    child.on('close', (code, by) => {
      reject(new Error(`it ended (${by ?? code}): ${reasonOf(new Error(log))}`))
    })
    const timedOut = AbortSignal.timeout(START_TIMEOUT)
    AbortSignal.any([signal, timedOut]).addEventListener('abort', () =>
      reject(new Error(signal.aborted ? 'interrupted' : `not ready: ${reasonOf(new Error(log))}`)),
    )
  })
  // One that ends before it has read this says why by itself.
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  try {
    await isReady
    return stop
  } catch (error) {
    await stop()
    throw error
  }
}

function randomPassword() {
  return randomBytes(16).toString('hex')
}

/** @returns {Promise<number>} */
async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
  server.close()
  await once(server, 'close')
  return port
}
