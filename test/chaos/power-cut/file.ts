import type { Random } from '../../support/random.ts'

/** A change that no sync has covered yet. */
type Change = { offset: number; data: Buffer } | { length: number }

/** Bytes. A page of the system's cache reaches the disk whole; a sector does so for certain. */
export const PAGE = 4096
export const SECTOR = 512

/** The content of a file: what is on the disk for certain, and the changes after that. */
export class DiskFile {
  #synced: Bytes
  #changes: Change[] = []
  /** The number of changes that the sync under way covers. */
  #syncing = 0

  constructor(content: Buffer) {
    this.#synced = new Bytes(content)
  }

  /** Whether a power cut could take something back. */
  get isDirty(): boolean {
    return this.#changes.length > 0
  }

  change(change: Change): void {
    this.#changes.push(change)
  }

  beginSync(): void {
    this.#syncing = this.#changes.length
  }

  endSync(): void {
    for (const change of this.#changes.splice(0, this.#syncing)) this.#synced.apply(change)
    this.#syncing = 0
  }

  /** The content that was synced. */
  synced(): Buffer {
    return this.#synced.copy().content
  }

  /** The content that the process itself would read. */
  newest(): Buffer {
    const bytes = this.#synced.copy()
    for (const change of this.#changes) bytes.apply(change)
    return bytes.content
  }

  /**
   * The content that a cut may leave: each block as it was at some moment since the last sync.
   * Blocks reach the disk in any order, and a block that was written several times reaches the disk
   * after any of the writes.
   *
   * @param share of the blocks that are as new as they can be
   */
  torn(block: number, share: number, random: Random): Buffer {
    const bytes = this.#synced.copy()
    const moment = this.#moments(share, random)
    this.#changes.forEach((change, i) => {
      if ('length' in change) {
        if (i < moment('length')) bytes.apply(change)
        return
      }
      for (const part of blocks(change, block)) {
        if (i < moment(Math.floor(part.offset / block))) bytes.apply(part)
      }
    })
    return bytes.content
  }

  /** How many of the changes each block has seen. */
  #moments(share: number, random: Random): (block: number | 'length') => number {
    const chosen = new Map<number | 'length', number>()
    const count = this.#changes.length
    return (block) => {
      let moment = chosen.get(block)
      moment ??= random.chance(share) ? count : random.chance(0.5) ? 0 : random.below(count)
      chosen.set(block, moment)
      return moment
    }
  }
}

function* blocks({ offset, data }: { offset: number; data: Buffer }, block: number) {
  for (let at = 0; at < data.length;) {
    const end = Math.min(data.length, at + block - ((offset + at) % block))
    yield { offset: offset + at, data: data.subarray(at, end) }
    at = end
  }
}

/** Bytes that grow; bytes that were never written read as zero. */
class Bytes {
  #buffer: Buffer
  #length: number

  constructor(content: Buffer) {
    this.#buffer = Buffer.from(content)
    this.#length = content.length
  }

  get content(): Buffer {
    return this.#buffer.subarray(0, this.#length)
  }

  copy(): Bytes {
    return new Bytes(this.content)
  }

  apply(change: Change): void {
    if ('length' in change) return this.#resize(change.length)
    const { offset, data } = change
    if (offset + data.length > this.#length) this.#resize(offset + data.length)
    data.copy(this.#buffer, offset)
  }

  #resize(length: number): void {
    if (length > this.#buffer.length) {
      const larger = Buffer.alloc(Math.max(length, 2 * this.#buffer.length))
      this.content.copy(larger)
      this.#buffer = larger
    }
    if (length < this.#length) this.#buffer.fill(0, length, this.#length)
    this.#length = length
  }
}
