import { readFile } from 'node:fs/promises'
import { HelveError } from '../../job/errors.ts'
import type { FileIdentity } from './file-identity.ts'

/** Milliseconds between two looks. */
const LOOK_EVERY = 1_000
/** So often in a row a lock has to be missing: while others come and go, the kernel may skip one. */
const TRIES = 5

/** The byte of a database that SQLite keeps locked while it has the database open. */
const SHARED_BYTE = 0x4000_0002
/** The same of the index of a log. */
const INDEX_BYTE = 128

const REMEDY = 'load one copy of better-sqlite3, and restart'

/**
 * Notices when SQLite's locks on a file do not hold in this process. POSIX locks belong to the
 * process: a second copy of SQLite does not wait for those of the first, and whoever closes a
 * descriptor of the file drops them all. Commits are lost then, and nobody is told. Linux shows under
 * `/proc` what happens; elsewhere, nothing is noticed.
 */
export class SoleCopy {
  readonly #identity: FileIdentity
  /** Paths on which a lock of this process has been seen. */
  readonly #locked = new Set<string>()
  #looked = -Infinity
  #problem: string | undefined

  constructor(identity: FileIdentity) {
    this.#identity = identity
  }

  /** False for good, once the locks have been found not to hold. */
  get isAlone(): boolean {
    return this.#problem === undefined
  }

  /**
   * Looks again if the last look was some time ago, and does not wait for what it finds.
   *
   * @throws HelveError `HELVE_ERR_STORE_LOST` when the locks have been found not to hold
   */
  check(): void {
    if (this.#problem !== undefined) throw new HelveError('HELVE_ERR_STORE_LOST', this.#problem)
    if (performance.now() - this.#looked >= LOOK_EVERY) void this.look()
  }

  /** Looks now. What it finds, {@link check} tells. */
  async look(): Promise<void> {
    this.#looked = performance.now()
    this.#problem ??= (await this.#foreign()) ?? (await this.#dropped())
  }

  /** Each copy of SQLite maps the index of a log once, however many connections it has. */
  async #foreign(): Promise<string | undefined> {
    const maps = await proc('self/maps')
    for (const [path, inode] of this.#identity.inodes) {
      if (!path.endsWith('-shm')) continue
      // A shared mapping of the beginning of a file; the group is device, inode and path.
      const mapped = new RegExp(`^\\S+ \\S{3}s 0+ (\\S+ ${inode} .*)$`, 'gm')
      const files = [...maps.matchAll(mapped)].map(([, file]) => file)
      if (new Set(files).size === files.length) continue
      return `file: ${path}: another copy of SQLite in this process has it open: ${REMEDY}`
    }
    return undefined
  }

  async #dropped(): Promise<string | undefined> {
    let path: string | undefined
    for (let tries = 0; tries < TRIES; tries += 1) {
      path = await this.#unlocked()
      if (path === undefined) return undefined
    }
    return `file: ${path}: another copy of SQLite, or node:fs, has dropped its lock: ${REMEDY}`
  }

  /** One on which this process has held a lock, and holds none now. */
  async #unlocked(): Promise<string | undefined> {
    const locks = await proc('locks')
    for (const [path, inode] of this.#identity.inodes) {
      // SQLite locks nothing of the log itself.
      if (path.endsWith('-wal')) continue
      if (isLocked(locks, inode, path.endsWith('-shm') ? INDEX_BYTE : SHARED_BYTE)) {
        this.#locked.add(path)
      } else if (this.#locked.has(path)) return path
    }
    return undefined
  }
}

/** The kernel joins neighbouring locks: the one of a byte may begin before it, and end behind. */
function isLocked(locks: string, inode: number | undefined, byte: number): boolean {
  const ranges = locks.matchAll(new RegExp(` ${process.pid} \\S+:${inode} (\\d+) (\\d+)$`, 'gm'))
  return [...ranges].some(([, start, end]) => Number(start) <= byte && byte <= Number(end))
}

async function proc(name: string): Promise<string> {
  try {
    return await readFile(`/proc/${name}`, 'utf8')
  } catch {
    // Another system, or a `/proc` that is hidden: nothing can be known.
    return ''
  }
}
