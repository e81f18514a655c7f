import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Random } from '../../support/random.ts'
import { DiskFile, PAGE, SECTOR } from './file.ts'
import type { Entry } from './log.ts'

/** The files of a folder. */
export type Image = Map<string, Buffer>

/**
 * What a power cut may leave of the changes that no sync has covered: none of them, all of them
 * (as a kill does), or some pages or sectors.
 */
export const REMAINS = ['nothing', 'everything', 'pages', 'sectors'] as const
export type Remains = (typeof REMAINS)[number]

/** The recorder's number of the folder itself. */
const FOLDER = 0
const SHARES: [number, number, number] = [0.1, 0.5, 0.9]

type NameChange = [name: string, file: DiskFile | undefined][]

/**
 * A folder on a disk, as the record of a process tells it. A sync of the folder makes it certain
 * that a file is made, removed or renamed; a sync of the file does not. POSIX promises no more,
 * though most file systems do, and SQLite has to get along with what POSIX promises.
 */
export class Disk {
  readonly #files = new Map<number, DiskFile>()
  readonly #synced: Map<string, DiskFile>
  readonly #names: Map<string, DiskFile>
  #nameChanges: NameChange[] = []
  #syncing = 0

  constructor(image: Image) {
    this.#synced = new Map([...image].map(([name, content]) => [name, new DiskFile(content)]))
    this.#names = new Map(this.#synced)
  }

  apply({ operation, file, offset, data }: Entry): void {
    switch (operation) {
      case 'open':
        return this.#open(file, data.toString(), offset === 1)
      case 'write':
        return this.#file(file).change({ offset, data })
      case 'truncate':
        return this.#file(file).change({ length: offset })
      case 'sync-begin':
        if (file !== FOLDER) return this.#file(file).beginSync()
        this.#syncing = this.#nameChanges.length
        return
      case 'sync-end':
        if (file !== FOLDER) return this.#file(file).endSync()
        return this.#nameChanges.splice(0, this.#syncing).forEach((one) => put(this.#synced, one))
      case 'unlink':
        return this.#change([[data.toString(), undefined]])
      case 'rename':
        return this.#rename(this.#file(file), data.toString())
    }
  }

  /** Whether the file of this name has changes that a power cut could take back. */
  isDirty(name: string): boolean {
    return this.#names.get(name)?.isDirty ?? false
  }

  /** The files that are found after a power cut at this moment. */
  afterCut(remains: Remains, random: Random): Image {
    const names = new Map(this.#synced)
    const changes = this.#nameChanges.slice(0, this.#nameChangesLeft(remains, random))
    for (const change of changes) put(names, change)
    const share = random.pick(SHARES)
    return new Map([...names].map(([name, file]) => [name, content(file, remains, share, random)]))
  }

  /** Changes of names reach the disk in their order, since file systems keep a journal of them. */
  #nameChangesLeft(remains: Remains, random: Random): number {
    const count = this.#nameChanges.length
    if (remains === 'nothing') return 0
    return remains === 'everything' ? count : random.below(count + 1)
  }

  #file(number: number): DiskFile {
    const file = this.#files.get(number)
    if (file === undefined) throw new Error(`the record names file ${number}, and never opened it`)
    return file
  }

  #open(number: number, name: string, isNew: boolean): void {
    if (isNew) this.#change([[name, new DiskFile(Buffer.alloc(0))]])
    const file = this.#names.get(name)
    if (file === undefined) throw new Error(`${name} was there before the record, and unknown`)
    this.#files.set(number, file)
  }

  #rename(file: DiskFile, to: string): void {
    const [from] = [...this.#names].find(([, other]) => other === file)!
    this.#change([
      [from, undefined],
      [to, file],
    ])
  }

  #change(change: NameChange): void {
    this.#nameChanges.push(change)
    put(this.#names, change)
  }
}

function put(names: Map<string, DiskFile>, change: NameChange): void {
  for (const [name, file] of change) {
    if (file === undefined) names.delete(name)
    else names.set(name, file)
  }
}

function content(file: DiskFile, remains: Remains, share: number, random: Random): Buffer {
  switch (remains) {
    case 'nothing':
      return file.synced()
    case 'everything':
      return file.newest()
    case 'pages':
      return file.torn(PAGE, share, random)
    case 'sectors':
      return file.torn(SECTOR, share, random)
  }
}

/** Writes the files of a folder that is not there yet. */
export async function writeImage(folder: string, image: Image): Promise<void> {
  await mkdir(folder)
  for (const [name, bytes] of image) await writeFile(join(folder, name), bytes, { mode: 0o600 })
}

/** The files of a folder, without `-shm`, which is the memory that processes share. */
export async function readImage(folder: string): Promise<Image> {
  const names = (await readdir(folder)).filter((name) => !name.endsWith('-shm')).sort()
  const read = names.map(async (name) => [name, await readFile(join(folder, name))] as const)
  return new Map(await Promise.all(read))
}
