import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'

const SIZE = '12m'
const CHUNK = Buffer.alloc(65_536, 1)
const isRoot = process.geteuid?.() === 0
const MOUNT = 'mount -t tmpfs -o size=$0 tmpfs "$1" && echo mounted && exec cat'

/**
 * A small file system that only the processes see that enter it. The file system is gone with its
 * keeper, and the keeper ends with this process.
 */
export class Disk {
  readonly #keeper: ChildProcess
  readonly path: string

  private constructor(keeper: ChildProcess, path: string) {
    this.#keeper = keeper
    this.path = path
  }

  /** Undefined where the system gives no mount namespaces. */
  static async mount(path: string): Promise<Disk | undefined> {
    await mkdir(path)
    const flags = isRoot ? '-m' : '-rm'
    const keeper = spawn('unshare', [flags, 'sh', '-c', MOUNT, SIZE, path], {
      stdio: ['pipe', 'pipe', 'ignore'],
    })
    const mounted = await Promise.race([
      once(keeper.stdout, 'data').then(() => true),
      once(keeper, 'exit').then(
        () => false,
        () => false,
      ),
    ])
    return mounted ? new Disk(keeper, path) : undefined
  }

  /** Begins the command line of a process that has to see the disk. */
  get enter(): string[] {
    const user = isRoot ? [] : ['--user', '--preserve-credentials']
    const nsenter = ['nsenter', `--target=${this.#keeper.pid}`, '--mount', ...user]
    return [...nsenter, 'sh', '-c', 'cd "$0" && exec "$@"', process.cwd()]
  }

  /** The disk's path for other processes. It is not for SQLite, which would follow the link. */
  get outside(): string {
    return `/proc/${this.#keeper.pid}/root${this.path}`
  }

  async fill(): Promise<void> {
    const ballast = await open(join(this.outside, 'ballast'), 'w')
    try {
      for (;;) await ballast.write(CHUNK)
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error
    } finally {
      await ballast.close()
    }
  }

  async makeRoom(): Promise<void> {
    await rm(join(this.outside, 'ballast'))
  }

  async unmount(): Promise<void> {
    const exit = once(this.#keeper, 'exit')
    this.#keeper.stdin!.end()
    await exit
  }
}
