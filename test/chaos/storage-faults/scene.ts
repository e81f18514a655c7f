import { fork } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readFile, rm, stat, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { built } from '../../support/built.ts'
import { Disk } from './disk.ts'
import { Host } from './host.ts'
import type { Evidence } from './judge.ts'
import type { Orders } from './orders.ts'

const HOLDER = fileURLToPath(built(new URL('./holder.ts', import.meta.url)))
/** No process makes so many submissions. */
const STRIDE = 1_000_000

/** Whether the queue is on a small disk or beside a small disk, or there is no small disk. */
export type Place = 'large disk' | 'small disk' | 'beside a small disk'

/** Memory, so that no other load on a disk adds to a fault, if it has room for the largest log. */
const MEMORY = '/dev/shm'
const ROOM = 2 * 1024 ** 3

/** Where a fault happens: a folder with a queue, and the processes around it. */
export class Scene {
  /** The queue's folder, as its processes name it. */
  readonly folder: string
  /** The queue's folder, as other processes name it. */
  readonly outside: string
  readonly #ledger: string
  readonly #acks: string
  readonly disk: Disk | undefined
  readonly #root: string
  readonly hosts: Host[] = []
  #letGo: (() => Promise<void>) | undefined

  private constructor(root: string, place: Place, disk: Disk | undefined) {
    this.#root = root
    this.disk = disk
    const own = place === 'small disk' ? disk : undefined
    this.folder = own?.path ?? join(root, 'queue')
    this.outside = own?.outside ?? this.folder
    this.#ledger = join(root, 'ledger')
    this.#acks = join(root, 'acks')
  }

  /** @param mounts whether a small disk may be made; otherwise the file is kept from growing */
  static async open(place: Place, mounts: boolean): Promise<Scene> {
    const root = await mkdtemp(join((await hasRoom(MEMORY)) ? MEMORY : tmpdir(), 'helve-'))
    await mkdir(join(root, 'queue'))
    const small = mounts && place !== 'large disk'
    return new Scene(root, place, small ? await Disk.mount(join(root, 'disk')) : undefined)
  }

  get file(): string {
    return join(this.outside, 'queue.db')
  }

  /** Starts a further process on the queue. */
  start(orders: Pick<Orders, 'produces' | 'runs' | 'ends'>): Host {
    const first = this.hosts.length * STRIDE
    const files = { folder: this.folder, ledger: this.#ledger, acks: this.#acks }
    const host = new Host({ ...orders, ...files, first }, this.disk?.enter)
    this.hosts.push(host)
    return host
  }

  /** Leaves no space to the queue. */
  async fill(host: Host): Promise<void> {
    if (this.disk) await this.disk.fill()
    else host.send({ do: 'limit', on: true })
  }

  async makeRoom(host: Host): Promise<void> {
    if (this.disk) await this.disk.makeRoom()
    else host.send({ do: 'limit', on: false })
  }

  /** Lets another program hold the file, until {@link letGo}. */
  async hold(lock: 'write' | 'read'): Promise<void> {
    const holder = fork(HOLDER, [this.file, lock], { execArgv: [] })
    const exit = once(holder, 'exit')
    this.#letGo = async () => {
      if (holder.connected) holder.disconnect()
      await exit
    }
    const died = exit.then(() => Promise.reject(new Error('it could not take hold of the file')))
    await Promise.race([once(holder, 'message'), died])
  }

  async letGo(): Promise<void> {
    await this.#letGo?.()
  }

  /** Bytes of the write-ahead log. */
  async logSize(): Promise<number> {
    return stat(`${this.file}-wal`).then(
      ({ size }) => size,
      () => 0,
    )
  }

  /** How many enqueues have been acknowledged. */
  async acks(): Promise<number> {
    return (await readFile(this.#acks, 'utf8')).split('\n').length - 1
  }

  /** The evidence, with a copy of the queue's folder: the judge lets the jobs in the copy run. */
  async evidence(): Promise<Evidence> {
    const remains = join(this.#root, 'remains')
    await cp(this.outside, remains, { recursive: true })
    const files = await Promise.all(
      [this.#acks, this.#ledger].map((file) => readFile(file, 'utf8')),
    )
    return { news: this.hosts.flatMap(({ news }) => news), said: files.join(''), remains }
  }

  async close(): Promise<void> {
    await Promise.all(this.hosts.map((host) => host.kill()))
    await this.letGo()
    await this.disk?.unmount()
    await rm(this.#root, { recursive: true })
  }
}

async function hasRoom(path: string): Promise<boolean> {
  return statfs(path).then(
    ({ bavail, bsize }) => bavail * bsize > ROOM,
    () => false,
  )
}
