import { readFile } from 'node:fs/promises'
import { HelveError } from '../../job/errors.ts'
import type { FileIdentity } from './file-identity.ts'

/** Milliseconds between two looks. */
const LOOK_EVERY = 1_000
/**
 * Looks in a row that must find no lock before the lock counts as dropped: while other locks come
 * and go, the kernel may leave a lock out of its list.
 */
const TRIES = 5

/** The byte of a database that SQLite keeps locked while it has the database open. */
const SHARED_BYTE = 0x4000_0002
/** The byte of a log's index that SQLite keeps locked while it has the index open. */
const INDEX_BYTE = 128

const REMEDY = 'load one copy of better-sqlite3, and restart'

/**
 * Notices when SQLite's locks on a file do not hold in this process. POSIX locks belong to the
 * process: a second copy of SQLite does not wait for the locks of the first, and closing any
 * descriptor of the file drops all locks of the process on the file. Then commits get lost, and
 * nobody is told. Linux shows the locks under `/proc`; on other systems, helve notices nothing.
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

  /** False for good, once a look has found that the locks do not hold. */
  get isAlone(): boolean {
    return this.#problem === undefined
  }

  /**
   * Starts another look if the last look was some time ago, and does not wait for its result.
   *
   * @throws HelveError `HELVE_ERR_STORE_LOST` when a look has found that the locks do not hold
   */
  check(): void {
    if (this.#problem !== undefined) throw new HelveError('HELVE_ERR_STORE_LOST', this.#problem)
    if (performance.now() - this.#looked >= LOOK_EVERY) void this.look()
  }

  /** Looks now. If the look finds a problem, {@link check} throws from then on. */
  async look(): Promise<void> {
    this.#looked = performance.now()
    this.#problem ??= (await this.#foreign()) ?? (await this.#dropped())
  }

  /** Each copy of SQLite maps the index of a log once, however many connections the copy has. */
  async #foreign(): Promise<string | undefined> {
    const maps = await proc('self/maps')
    for (const [path, inode] of this.#identity.inodes) {
      if (!path.endsWith('-shm')) continue
      // Matches a shared mapping of the beginning of a file; captures device, inode and path.
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

  /** A path on which this process has held a lock, and holds none now. */
  async #unlocked(): Promise<string | undefined> {
    const locks = await proc('locks')
    for (const [path, inode] of this.#identity.inodes) {
      // SQLite does not lock the log itself.
      if (path.endsWith('-wal')) continue
      if (isLocked(locks, inode, path.endsWith('-shm') ? INDEX_BYTE : SHARED_BYTE)) {
        this.#locked.add(path)
      } else if (this.#locked.has(path)) return path
    }
    return undefined
  }
}

/** The kernel joins neighbouring locks: a byte's lock may begin before the byte, or end behind. */
function isLocked(locks: string, inode: number | undefined, byte: number): boolean {
  const ranges = locks.matchAll(new RegExp(` ${process.pid} \\S+:${inode} (\\d+) (\\d+)$`, 'gm'))
  return [...ranges].some(([, start, end]) => Number(start) <= byte && byte <= Number(end))
}

async function proc(name: string): Promise<string> {
  try {
    return await readFile(`/proc/${name}`, 'utf8')
  } catch {
    // The system has no `/proc`, or hides it: helve cannot know anything about locks.
    return ''
  }
}
