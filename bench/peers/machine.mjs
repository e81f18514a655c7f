import { closeSync, fdatasyncSync, openSync, readFileSync, statfsSync, writeSync } from 'node:fs'
import { availableParallelism, cpus, tmpdir, totalmem } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { installedVersion } from './install.mjs'
import { median } from './statistics.mjs'

/** @type {Record<number, string>} */
const FILE_SYSTEMS = {
  0x01021994: 'tmpfs',
  0xef53: 'ext4',
  0x58465342: 'xfs',
  0x9123683e: 'btrfs',
  0x794c7630: 'overlayfs',
}

/** What the figures depend on, beside the contenders. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores: availableParallelism(),
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    fileSystem: FILE_SYSTEMS[statfsSync(tmpdir()).type] ?? 'unknown file system',
    fdatasyncMs: fdatasync(),
  }
}

/**
 * @param {Iterable<[string, { version: string }]>} servers
 * @param {string[]} packages
 * @returns {Record<string, string>}
 */
export function versions(servers, packages) {
  const helve = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'))
  const sqlite = new Database(':memory:').prepare('SELECT sqlite_version()').pluck().get()
  const found = packages.map((name) => [name, installedVersion(name)])
  return {
    helve: helve.version,
    node: process.version.slice(1),
    sqlite: String(sqlite),
    ...Object.fromEntries([...servers].map(([name, { version }]) => [name, version])),
    ...Object.fromEntries(found.filter(([, version]) => version !== undefined)),
  }
}

/** Milliseconds: it is what a durable commit costs at least. */
function fdatasync() {
  const page = Buffer.alloc(4096)
  const file = openSync(join(tmpdir(), 'fdatasync'), 'w')
  const times = Array.from({ length: 50 }, () => {
    const start = performance.now()
    writeSync(file, page)
    fdatasyncSync(file)
    return performance.now() - start
  })
  closeSync(file)
  return Number(median(times).toPrecision(2))
}
