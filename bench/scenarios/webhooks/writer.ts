import { setTimeout as sleep } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import Database from 'better-sqlite3'

// Takes the write lock of a file every few milliseconds, and notes the longest wait for the lock.

/** Milliseconds between two transactions. */
const PAUSE = 2

const { file } = workerData as { file: string }
const db = new Database(file, { timeout: 60_000 })
const state = { isStopped: false }
let longest = 0
parentPort!.once('message', () => (state.isStopped = true))
parentPort!.postMessage('ready')
while (!state.isStopped) {
  const start = performance.now()
  db.exec('BEGIN IMMEDIATE')
  longest = Math.max(longest, performance.now() - start)
  db.exec('COMMIT')
  await sleep(PAUSE)
}
db.close()
parentPort!.postMessage(longest)
