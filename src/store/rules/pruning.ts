import { MOST_BYTES } from './command-room.ts'

/** Dead jobs that one `prune` command deletes at most: SQLite takes some 2 ms for them. */
export const MOST_PRUNED = 200

/** The first of some dead jobs, as many as one turn may delete; at least one. */
export function fewEnough<T>(oldest: readonly T[], bytesOf: (one: T) => number): readonly T[] {
  let bytes = 0
  const end = oldest.findIndex((one, i) => (bytes += bytesOf(one)) > MOST_BYTES && i > 0)
  return end === -1 ? oldest : oldest.slice(0, end)
}
