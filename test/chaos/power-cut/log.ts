/** What the recorder writes down; the numbers are recorder.c's. */
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
  /** Where it was written; the new length; for `open`, whether the file is new. */
  offset: number
  /** What was written; a name. */
  data: Buffer
}

const HEADER = 24

/** The entries of a record. The last one may have been cut off by the kill: it is none then. */
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
