import { execFileSync } from 'node:child_process'

/**
 * Overwrites a part of a file as another program may do. By another process: to open and close the
 * file in this one would drop SQLite's locks.
 */
export function overwrite(file: string, bytes: Buffer, at: number): void {
  execFileSync('dd', [`of=${file}`, 'bs=1', `seek=${at}`, 'conv=notrunc', 'status=none'], {
    input: bytes,
  })
}
