import { execFileSync } from 'node:child_process'

/**
 * Overwrites a part of a file as another program may do. Another process writes: to open and close
 * the file in this process would drop SQLite's locks.
 */
export function overwrite(file: string, bytes: Buffer, at: number): void {
  execFileSync('dd', [`of=${file}`, 'bs=1', `seek=${at}`, 'conv=notrunc', 'status=none'], {
    input: bytes,
  })
}
