import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { built } from '../../support/built.ts'
import { temporaryFolder } from '../../support/folder.ts'
import type { Report } from './black-hole-process.ts'

const run = promisify(execFile)
const PROCESS = fileURLToPath(built(new URL('./black-hole-process.ts', import.meta.url)))
/** Gives a command and its children a network, a resolv.conf and a hosts file of their own. */
const APART = [
  '-rmn',
  'sh',
  '-c',
  `ip link set lo up &&
   mount --bind "$0/resolv.conf" /etc/resolv.conf && mount --bind "$0/hosts" /etc/hosts && exec "$@"`,
]
/** Milliseconds: a little less than a lookup that no server answers takes. */
const LONG = 2_500

test('lookups that no server answers delay no other delivery', async (t) => {
  const folder = await temporaryFolder(t)
  await writeFile(
    join(folder, 'resolv.conf'),
    'nameserver 127.0.0.53\noptions timeout:5 attempts:2\n',
  )
  await writeFile(join(folder, 'hosts'), '127.0.0.1 listed.example\n')
  try {
    await run('unshare', [...APART, folder, 'true'])
  } catch {
    t.skip('this system gives no network namespaces')
    return
  }
  const { stdout } = await run('unshare', [...APART, folder, process.execPath, PROCESS])
  const report = JSON.parse(stdout) as Report
  for (const [name, { came, ms }] of Object.entries(report.beside)) {
    assert.equal(came, '200', name)
    assert.ok(ms < LONG, `${name} took ${ms} ms`)
  }
  for (const { came, ms } of report.silent) {
    assert.equal(came, 'TIMEOUT: no connection within 1000 ms')
    assert.ok(ms < 5_000, `the deadline of 1 s came after ${ms} ms`)
  }
  for (const { came, ms } of report.aborted) {
    assert.equal(came, 'ABORTED: aborted')
    assert.ok(ms < 5_000, `called off after ${ms} ms`)
  }
  assert.equal(report.afterwards.came, '200', 'an abort frees the slots of its lookups')
  assert.match(report.given.came, /^ETIMEOUT: query(A|Aaaa) ETIMEOUT given\.example$/)
  assert.ok(report.given.ms < 10_000, `given up after ${report.given.ms} ms`)
  const { missing, mixed, ...delivered } = report.answers
  assert.match(missing, /^ENOTFOUND: queryA+ ENOTFOUND missing\.example$/i)
  assert.match(mixed, /^BLOCKED: url: .* got mixed\.example at fd00:: \(private\)$/)
  assert.deepEqual(delivered, { onlyIPv4: '200', alias: '200' })
})
