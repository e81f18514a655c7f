import { closeSync, fdatasyncSync, openSync, statfsSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { withFolder } from './folder.ts'
import { median } from './statistics.ts'

const FILE_SYSTEMS: Record<number, string> = {
  0x01021994: 'tmpfs',
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlayfs',
}

const SYNCS = 50

/** The file system of temporary files, and the milliseconds of a durable commit at the least. */
export function disk(): Promise<{ disk: string }> {
  return withFolder(async (folder) => {
    const fileSystem = FILE_SYSTEMS[statfsSync(folder).type] ?? 'unknown file system'
    return { disk: `${fileSystem}, where an fdatasync takes ${fdatasync(folder)} ms` }
  })
}

function fdatasync(folder: string): number {
  const page = Buffer.alloc(4096)
  const file = openSync(join(folder, 'fdatasync'), 'w')
  const times = Array.from({ length: SYNCS }, () => {
    const start = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return performance.now() - start
  })
  closeSync(file)
  return Number(median(times).toPrecision(2))
}
