/** The layout of a write-ahead log: https://sqlite.org/fileformat2.html#walformat */
export const HEADER = 32
const FRAME_HEADER = 24
const PAGE_SIZE = 4096
export const FRAME = FRAME_HEADER + PAGE_SIZE

/** Where the last frame ends that belongs to the log; old frames may follow. */
export function endOfLog(wal: Buffer): number {
  const salt = wal.subarray(16, 24)
  let end = HEADER
  while (end + FRAME <= wal.length && wal.subarray(end + 8, end + 16).equals(salt)) end += FRAME
  return end
}
