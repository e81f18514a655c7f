/** The operations that the recorder writes down, by their numbers in recorder.c. */
export const OPERATIONS = {
  1: 'open',
  2: 'write',
  3: 'truncate',
  4: 'sync-begin',
  5: 'sync-end',
  6: 'unlink',
  7: 'rename',
} as const

/** One entry of the record. */
export interface Entry {
  operation: (typeof OPERATIONS)[keyof typeof OPERATIONS]
  /** The recorder's number of the file; 0 is the folder. */
  file: number
  /** For `write`, where; for `truncate`, the new length; for `open`, whether the file is new. */
  offset: number
  /** For `write`, the written bytes; for `open`, `unlink` and `rename`, a name. */
  data: Buffer
}

const HEADER = 24

/** The entries of a record, without a last one that the kill has cut off. */
export function* readEntries(log: Buffer): Generator<Entry> {
  for (let at = 0; at + HEADER <= log.length;) {
    const length = Number(log.readBigUInt64LE(at + 16))
    const end = at + HEADER + length
    if (end > log.length) return
    yield {
      operation: OPERATIONS[log.readUInt32LE(at) as keyof typeof OPERATIONS],
      file: log.readUInt32LE(at + 4),
      offset: Number(log.readBigUInt64LE(at + 8)),
      data: log.subarray(at + HEADER, end),
    }
    at = end
  }
}
