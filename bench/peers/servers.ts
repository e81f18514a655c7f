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
import { createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { ServerName } from './contenders.ts'
import { findProgram, reasonOf } from './programs.ts'

/**
 * A kind of server. Each start makes a new, empty server, on loopback, with a free port, a password
 * and a temporary folder.
 */
export interface Server {
  version: string
  /** Resolves when the server takes connections. */
  start: (signal: AbortSignal) => Promise<Started>
  /** Removes the files that were unpacked to find the server. */
  remove: () => void
}

interface Started {
  url: string
  /** Ends the server, and removes its folder. */
  stop: () => Promise<void>
}

interface Owner {
  uid: number
  gid: number
}

interface Place extends Partial<Owner> {
  cwd: string
}

interface SpawnOptions extends Place {
  env: Record<string, string>
}

/** How a server is started, and how it tells that it is ready. */
interface Start {
  options: SpawnOptions
  /** @default '' */
  input?: string
  /** The text that the server prints when it is ready. */
  ready: string
  stopSignal: NodeJS.Signals
  signal: AbortSignal
}

const START_TIMEOUT = 30_000
const STOP_TIMEOUT = 10_000

/** Finds each kind of server. */
export const SERVERS: [ServerName, (signal: AbortSignal) => Promise<Server>][] = [
  ['redis', redis],
  ['postgres', postgres],
]

async function redis(signal: AbortSignal): Promise<Server> {
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

async function postgres(signal: AbortSignal): Promise<Server> {
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

async function initialise(
  initdb: string,
  password: string,
  options: SpawnOptions,
  signal: AbortSignal,
): Promise<void> {
  const file = join(options.cwd, 'password')
  writeFileSync(file, password, { mode: 0o600 })
  if (options.uid !== undefined) chownSync(file, options.uid, options.gid ?? 0)
  const flags = ['-U', 'postgres', '--auth=scram-sha-256', `--pwfile=${file}`]
  const locale = ['--encoding=UTF8', '--locale=C']
  const bounded = { ...options, signal, timeout: START_TIMEOUT }
  await promisify(execFile)(initdb, ['-D', 'data', ...flags, ...locale], bounded)
}

/** The folders of Debian's Postgres versions, which are not on the path; the newest first. */
function postgresFolders(): string[] {
  const debian = '/usr/lib/postgresql'
  const versions = existsSync(debian) ? readdirSync(debian).map(Number) : []
  return versions.toSorted((a, b) => b - a).map((version) => `${debian}/${version}/bin`)
}

/**
 * Runs `start` with a new folder, and removes the folder after the server's end. If this process
 * runs as root, the first user that exists owns the folder: Postgres refuses to run as root.
 */
async function inOwnFolder(
  users: string[],
  start: (where: Place) => Promise<Started>,
): Promise<Started> {
  const folder = mkdtempSync(join(tmpdir(), 'helve-bench-'))
  const remove = (): void => rmSync(folder, { recursive: true, force: true })
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

function idsOf(user: string): Owner | undefined {
  try {
    const id = (flag: string): number => Number(execFileSync('id', [flag, user], { stdio: 'pipe' }))
    return { uid: id('-u'), gid: id('-g') }
  } catch {
    return undefined
  }
}

/**
 * Starts a server and waits until it says that it is ready.
 *
 * @returns a function that ends the server
 */
async function startProcess(
  path: string,
  flags: string[],
  { options, input = '', ready, stopSignal, signal }: Start,
): Promise<() => Promise<void>> {
  const child = spawn(path, flags, { ...options, stdio: 'pipe' })
  const exited = once(child, 'close').catch(() => undefined)
  const stop = async (): Promise<void> => {
    child.kill(stopSignal)
    const timer = setTimeout(() => child.kill('SIGKILL'), STOP_TIMEOUT)
    await exited
    clearTimeout(timer)
  }
  let log = ''
  const isReady = new Promise<void>((resolve, reject) => {
    const onOutput = (text: Buffer): void => {
      log = (log + text.toString()).slice(-10_000)
      if (log.includes(ready)) resolve()
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
  // A server that ends before it has read its input tells why in its own output.
  child.stdin.on('error', () => undefined)
  child.stdin.end(input)
  try {
    await isReady
    return stop
  } catch (error) {
    await stop()
    throw error
  }
}

function randomPassword(): string {
  return randomBytes(16).toString('hex')
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
