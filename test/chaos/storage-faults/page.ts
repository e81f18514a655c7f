import { open, type FileHandle } from 'node:fs/promises'
import Database from 'better-sqlite3'

const PAGE = 4_096

/** The page of the file with the oldest jobs, which can be spoilt and put back. */
export class Page {
  readonly #file: string
  readonly #at: number
  readonly #content = Buffer.alloc(PAGE)

  /** No process may have the file open. */
  constructor(file: string) {
    this.#file = file
    this.#at = (oldestJobs(file) - 1) * PAGE
  }

  spoil(): Promise<void> {
    return this.#change(async (handle) => {
      await handle.read(this.#content, 0, PAGE, this.#at)
      await handle.write(Buffer.alloc(PAGE, 0xff), 0, PAGE, this.#at)
    })
  }

  putBack(): Promise<void> {
    return this.#change((handle) => handle.write(this.#content, 0, PAGE, this.#at))
  }

  async #change(change: (handle: FileHandle) => Promise<unknown>): Promise<void> {
    const handle = await open(this.#file, 'r+')
    await change(handle)
    await handle.close()
  }
}

function oldestJobs(file: string): number {
  const connection = new Database(file)
  connection.pragma('wal_checkpoint(TRUNCATE)')
  const leaves = connection.prepare(
    `SELECT pageno FROM dbstat WHERE name = 'helve_jobs' AND pagetype = 'leaf' ORDER BY path`,
  )
  const first = leaves.pluck().get() as number
  connection.close()
  return first
}
