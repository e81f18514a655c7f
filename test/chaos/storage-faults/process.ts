import { rmSync } from 'node:fs'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { mock } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'better-sqlite3'
import { Runtime, SqliteStore } from '../../../src/index.ts'
import { secondCopyIn } from '../../support/second-copy.ts'
import { Voice } from '../power-cut/ledger.ts'
import { EventLoop } from './event-loop.ts'
import type handlers from './handlers.ts'
import { codeOf, Load } from './load.ts'
import type { Command, News, Orders } from './orders.ts'

// The tests of this folder start this module: a runtime with threads under load, to which faults
// happen. It writes down acknowledgements and runs, and tells its parent of all else.

/** Submissions that the process begins with, and the fewest runs when it says that it works. */
const BACKLOG = 100
const RUNNING = 4
/** Milliseconds for runs that still go on when the process is told to stop. */
const STOP_TIMEOUT = 1_000

const orders = JSON.parse(process.argv[2]!) as Orders
const tell = (news: News): void => {
  if (process.connected) process.send!(news)
}

const pragma = mock.method(Database.prototype, 'pragma')
const store = await SqliteStore.open(join(orders.folder, 'queue.db')).catch(refuseToStart)
const connection = pragma.mock.calls[0]?.this as Database.Database
pragma.mock.restore()

const { ledger } = orders
const gate = new Int32Array(new SharedArrayBuffer(4))
const runtime = new Runtime<typeof handlers>(store, {
  handlers: new URL('./handlers.ts', import.meta.url),
  config: { ledger, gate },
  lanes: { default: { threads: 2, concurrency: 4 } },
})
const load = new Load(runtime, new Voice(orders.acks), tell, orders.first)
const loop = new EventLoop()
const seen = { started: 0, completed: 0, isEnding: false }
runtime.on('started', () => (seen.started += 1))
runtime.on('completed', () => (seen.completed += 1))
runtime.on('error', ({ error, during }) => tell({ is: 'error', code: codeOf(error), during }))
runtime.on('thread:down', ({ reason }) => {
  if (!seen.isEnding) tell({ is: 'error', code: 'thread:down', during: reason })
})

function refuseToStart(error: unknown): Promise<never> {
  const news: News = { is: 'refused', code: codeOf(error) }
  return new Promise(() => process.send!(news, () => process.exit()))
}

let running: Promise<void> | undefined
/** Kept here, since the garbage collection would close the connection. */
let twin: Database.Database | undefined

function work(): void {
  Atomics.store(gate, 0, 1)
  Atomics.notify(gate, 0)
  run()
}

function run(): void {
  running ??= runtime.run().catch((error) => {
    if (!seen.isEnding) tell({ is: 'refused', code: codeOf(error) })
  })
}

async function recover(): Promise<void> {
  const [{ acked }, { completed }, since] = [load, { ...seen }, performance.now()]
  work()
  load.begin()
  while (load.acked === acked || seen.completed === completed) await sleep(1)
  tell({ is: 'recovered', ms: performance.now() - since })
}

async function drain(): Promise<void> {
  await load.end()
  while ((await load.waiting()) > 0) await sleep(5)
  await end()
}

async function end(): Promise<void> {
  seen.isEnding = true
  const [since, over] = [performance.now(), load.end()]
  await runtime.stop({ timeout: STOP_TIMEOUT })
  await Promise.all([running, over])
  const { longestBlock } = loop
  await store.close()
  tell({ is: 'ended', ms: performance.now() - since, block: longestBlock })
  process.disconnect()
}

function limit(on: boolean): void {
  const pages = on ? connection.pragma('page_count', { simple: true }) : 2 ** 30
  connection.pragma(`max_page_count = ${String(pages)}`)
}

/** Opens the file as a host does whose nested install has a better-sqlite3 of its own. */
async function openTwice(closes: boolean): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'helve-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  const Other = await secondCopyIn(folder)
  twin = new Other(store.file)
  twin.pragma('user_version')
  if (closes) twin.close()
}

async function backUp(path: string): Promise<void> {
  await store.backup(path).catch((error) => tell({ is: 'refused', code: codeOf(error) }))
}

function obey(command: Command): unknown {
  switch (command.do) {
    case 'watch':
      return loop.watch()
    case 'work':
      return work()
    case 'recover':
      return recover()
    case 'limit':
      return limit(command.on)
    case 'open twice':
      return openTwice(command.closes)
    case 'drain':
      return drain()
    case 'stop':
      return end()
    case 'backup':
      return backUp(command.path)
  }
}

async function begin(): Promise<void> {
  // The start is not watched: it takes long without a fault, too. `run` tells why a start fails.
  const started = runtime.start().then(
    () => loop.watch(),
    () => undefined,
  )
  if (orders.runs && orders.ends) work()
  else if (orders.runs) run()
  await load.enqueue(BACKLOG)
  await started
  while (orders.runs && !seen.isEnding && seen.started < RUNNING) await sleep(1)
  if (orders.produces && !seen.isEnding) load.begin()
  tell({ is: 'ready' })
}

process.on('message', (command: Command) => void obey(command))
process.on('disconnect', () => seen.isEnding || process.exit(1))
await begin()
