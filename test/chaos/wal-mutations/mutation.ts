import type { Random } from '../../support/random.ts'
import type { Base } from './base.ts'
import { FRAME, HEADER } from './wal.ts'

/** Damages the log of a base, from its tail on. */
type Mutation = (base: Base, random: Random) => Buffer

const SECTOR = 512
const PAGE = 4096

export const MUTATIONS: Record<string, Mutation> = {
  cut: (base, random) => base.wal.subarray(0, inTail(base, random)),

  'flipped bits': (base, random) =>
    changed(base, (wal) => {
      for (let flips = 1 + random.below(8); flips > 0; flips -= 1) {
        const at = inTail(base, random)
        wal.writeUInt8(wal.readUInt8(at) ^ (1 << random.below(8)), at)
      }
    }),

  /** Zeroes pages of the file, as the system writes pages; frames lie across the pages. */
  'zeroed pages': (base, random) =>
    changed(base, (wal) => {
      for (let pages = 1 + random.below(3); pages > 0; pages -= 1) {
        const at = inTail(base, random)
        const page = at - (at % PAGE)
        wal.fill(0, Math.max(base.tail, page), Math.min(wal.length, page + PAGE))
      }
    }),

  'repeated frame': (base, random) => {
    const frame = frameAt(base, inTail(base, random))
    const copy = base.wal.subarray(frame, frame + FRAME)
    const to = random.chance(0.3) ? base.end : frameAt(base, inTail(base, random))
    // The copy takes the place of another frame, or comes between two frames.
    const rest = base.wal.subarray(random.chance(0.5) ? to : to + FRAME)
    return Buffer.concat([base.wal.subarray(0, to), copy, rest])
  },

  /** Some sectors of the last frame have not been written. */
  'torn last frame': (base, random) =>
    changed(base, (wal) => {
      const first = base.end - FRAME
      for (let at = first; at < base.end; at += SECTOR - (at % SECTOR)) {
        const end = Math.min(base.end, at + SECTOR - (at % SECTOR))
        if (random.chance(0.5)) wal.fill(0, at, end)
      }
    }),
}

function changed({ wal }: Base, change: (wal: Buffer) => void): Buffer {
  const copy = Buffer.from(wal)
  change(copy)
  return copy
}

function inTail({ tail, end }: Base, random: Random): number {
  return tail + random.below(end - tail)
}

/** Where the frame begins that contains the place `at`. */
function frameAt({ tail }: Base, at: number): number {
  const frame = at - ((Math.max(at, HEADER) - HEADER) % FRAME)
  return Math.max(frame, tail, HEADER)
}
