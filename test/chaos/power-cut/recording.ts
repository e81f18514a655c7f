import { Disk, type Image } from './disk.ts'
import { LEDGER, type Ledger } from './ledger.ts'
import type { Entry } from './log.ts'

const DATABASE = 'queue.db'

/** The life of a process up to its cut, gone through from moment to moment. */
export class Recording {
  readonly disk: Disk
  readonly #entries: Entry[]
  #passed = 0
  /** The recorder's number of the ledger, which is no part of the disk. */
  #ledger: number | undefined
  /** What has been said. */
  said = ''

  /** @param image what was on the disk when the process started */
  constructor(entries: Entry[], image: Image) {
    this.#entries = entries
    this.disk = new Disk(image)
  }

  /** Goes on until so many entries have passed; what is said on the way is told to a ledger. */
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

/** The moments at which a checkpoint has written to the database, and not synced it. */
export function checkpoints(entries: Entry[]): number[] {
  const open = entries.find(
    (entry) => entry.operation === 'open' && String(entry.data) === DATABASE,
  )
  const moments: number[] = []
  let isDirty = false
  entries.forEach(({ operation, file }, i) => {
    if (file === open?.file && operation === 'write') isDirty = true
    if (file === open?.file && operation === 'sync-end') isDirty = false
    if (isDirty) moments.push(i + 1)
  })
  return moments
}
