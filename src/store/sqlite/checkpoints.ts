import { statSync } from 'node:fs'
import type { Worker } from 'node:worker_threads'
import type { Database } from 'better-sqlite3'
import { startThread } from './store-thread.ts'

/** A commit moves the pages of the log into the file once the log has so many pages. */
const AUTOMATIC = 1_000
/** Bytes to which a commit truncates the log. */
const LIMIT = 16 * 1024 * 1024
/** Bytes above which the log is too large to be moved, or truncated, on the main thread. */
const LARGE = 2 * LIMIT
/** Milliseconds between two looks at the log. */
const LOOK_EVERY = 100

// First the thread moves what it can while others write. The last step, TRUNCATE, keeps others from
// writing, so little may be left for that step.
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
 * Keeps the log small. Commits move the log into the file as they go. Once somebody's long read has
 * let the log grow, moving the log would block the main thread for long, so a thread moves it.
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

  /** To be called after commits. Never throws, because the commit has succeeded already. */
  look(): void {
    const now = performance.now()
    if (this.#thread !== undefined || now - this.#looked < LOOK_EVERY) return
    this.#looked = now
    try {
      const log = statSync(`${this.#db.name}-wal`, { throwIfNoEntry: false })
      if (log !== undefined && log.size > LARGE) this.#byThread()
    } catch {
      // No thread can be started now. Commits move the log, which takes the main thread longer.
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
    // If the thread fails, the next look starts another one.
    this.#thread.on('error', () => undefined)
    this.#thread.on('exit', () => {
      this.#thread = undefined
      if (this.#db.open) this.#byCommits()
    })
  }
}
