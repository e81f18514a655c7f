import { Disk, type Image } from './disk.ts'
import { LEDGER, type Ledger } from './ledger.ts'
import type { Entry } from './log.ts'

const DATABASE = 'queue.db'

/** Goes through the life of a process up to its cut, from moment to moment. */
export class Recording {
  readonly disk: Disk
  readonly #entries: Entry[]
  #passed = 0
  /** The recorder's number of the ledger, which is no part of the disk. */
  #ledger: number | undefined
  /** What the process has written into the ledger. */
  said = ''

  /** @param image what was on the disk when the process started */
  constructor(entries: Entry[], image: Image) {
    this.#entries = entries
    this.disk = new Disk(image)
  }

  /** Goes on until `to` entries have passed; tells a ledger the lines that were said on the way. */
  advance(to: number, ledger: Ledger): void {
    const before = this.said.length
    for (; this.#passed < to; this.#passed += 1) this.#apply(this.#entries[this.#passed]!)
    ledger.hear(this.said.slice(before))
  }

  #apply(entry: Entry): void {
    const { operation, file, data } = entry
    if (operation === 'open' && data.toString() === LEDGER) this.#ledger = file
    else if (file !== this.#ledger) this.disk.apply(entry)
    else if (operation === 'write') this.said += data.toString()
  }
}

/** Moments of a record at which a cut is most likely to show a mistake. */
export interface Telling {
  /** A checkpoint has written to the database, and not synced it. */
  checkpoints: number[]
  /** Somebody has just been told that a job is safe. */
  acks: number[]
  /** Of `acks`, the moments at which not all was synced. */
  hasty: number[]
}

export function tellingMoments(entries: Entry[]): Telling {
  const names = new Map<number, string>()
  const dirty = new Set<string>()
  const telling: Telling = { checkpoints: [], acks: [], hasty: [] }
  entries.forEach(({ operation, file, data }, i) => {
    if (operation === 'open') names.set(file, data.toString())
    const name = names.get(file) ?? ''
    if (operation === 'sync-end') dirty.delete(name)
    if (operation === 'write' && name !== LEDGER) dirty.add(name)
    if (dirty.has(DATABASE)) telling.checkpoints.push(i + 1)
    if (name !== LEDGER || operation !== 'write' || !data.toString().startsWith('ack ')) return
    telling.acks.push(i + 1)
    if (dirty.has(DATABASE) || dirty.has(`${DATABASE}-wal`)) telling.hasty.push(i + 1)
  })
  return telling
}
