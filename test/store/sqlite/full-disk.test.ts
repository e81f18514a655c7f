import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { built } from '../../support/built.ts'
import { temporaryFolder } from '../../support/folder.ts'
import type { Report } from './full-disk-process.ts'

const run = promisify(execFile)
const PROCESS = fileURLToPath(built(new URL('./full-disk-process.ts', import.meta.url)))
/** A file system of 1 MiB that only this process and its children see. */
const SMALL_DISK = ['-rm', 'sh', '-c', 'mount -t tmpfs -o size=1m tmpfs "$0" && exec "$@"']

test('I1: a full disk refuses enqueues, keeps all it acknowledged, and recovers', async (t) => {
  const folder = await temporaryFolder(t)
  try {
    await run('unshare', [...SMALL_DISK, folder, 'true'])
  } catch {
    t.skip('this system gives no mount namespaces')
    return
  }
  const node = [process.execPath, PROCESS, folder]
  const { stdout } = await run('unshare', [...SMALL_DISK, folder, ...node])
  const report = JSON.parse(stdout) as Report
  assert.equal(report.code, 'HELVE_ERR_STORE_FULL')
  assert.ok(report.acknowledged.length > 0)
  assert.deepEqual(report.kept, report.acknowledged)
  assert.equal(report.counted, report.acknowledged.length)
  assert.deepEqual(report.afterwards, [...report.acknowledged, report.recovered])
})
