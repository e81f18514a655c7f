import { statSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import type { Database } from 'better-sqlite3'
import { startThread } from './store-thread.ts'

/** Pages of the log after which a commit moves them into the file. */
const AUTOMATIC = 1_000
/** Bytes to which a commit cuts the log off. */
const LIMIT = 16 * 1024 * 1024
/** Bytes from which on the log is too large to be moved, or cut off, on the main thread. */
const LARGE = 2 * LIMIT
/** Milliseconds between two looks at the log. */
const LOOK_EVERY = 100

// First it moves what it can while others write; the last step keeps them from it, and has to find
// little.
const THREAD = `
  const db = open({ timeout: 0, fileMustExist: true })
  const isDone = () => {
    try {
      const [{ log, checkpointed }] = db.pragma('wal_checkpoint(PASSIVE)')
      if (log - checkpointed >= ${AUTOMATIC}) return false
      const [{ busy }] = db.pragma('wal_checkpoint(TRUNCATE)')
      return busy === 0
    } catch {
      return false
    }
  }
  const never = new Int32Array(new SharedArrayBuffer(4))
  while (!isDone()) Atomics.wait(never, 0, 0, ${LOOK_EVERY})
  db.close()
`

/**
 * Keeps the log small. Commits do that as they go, until somebody's long read has let it grow: to
 * make up for it would block the main thread for as long as it takes, so a thread does it.
 */
export class Checkpoints {
  readonly #db: Database
  readonly #nativeBinding: string | undefined
  #looked = 0
  #thread: Worker | undefined

  constructor(db: Database, nativeBinding: string | undefined) {
    this.#db = db
    this.#nativeBinding = nativeBinding
    this.#byCommits()
  }

  /** To be called after commits. Never throws: what was committed is done. */
  look(): void {
    const now = performance.now()
    if (this.#thread !== undefined || now - this.#looked < LOOK_EVERY) return
    this.#looked = now
    try {
      const log = statSync(`${this.#db.name}-wal`, { throwIfNoEntry: false })
      if (log !== undefined && log.size > LARGE) this.#byThread()
    } catch {
      // No thread can be had, or not now: then commits do it, which takes the main thread longer.
    }
  }

  async close(): Promise<void> {
    await this.#thread?.terminate()
  }

  #byCommits(): void {
    this.#db.pragma(`wal_autocheckpoint = ${AUTOMATIC}`)
    this.#db.pragma(`journal_size_limit = ${LIMIT}`)
  }

  #byThread(): void {
    this.#thread = startThread(THREAD, this.#db.name, this.#nativeBinding)
    this.#db.pragma('wal_autocheckpoint = 0')
    this.#db.pragma('journal_size_limit = -1')
    this.#thread.unref()
    // One that fails leaves it to the next look.
    this.#thread.on('error', () => undefined)
    this.#thread.on('exit', () => {
      this.#thread = undefined
      if (this.#db.open) this.#byCommits()
    })
  }
}
