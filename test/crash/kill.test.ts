import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Runtime, SqliteStore } from '../../src/index.ts'
import { temporaryFolder } from '../support/folder.ts'
import { refusal } from '../support/jobs.ts'
import { Random } from '../support/random.ts'
import { Child } from './child.ts'
import { assertDrained, assertNoOverlap, readLedger } from './ledger.ts'

const CYCLES = 10

test('I1, I2, I3, I4, I6: ten times kill -9 under load lose nothing', async (t) => {
  const folder = await temporaryFolder(t)
  const [file, ledger] = [join(folder, 'queue.db'), join(folder, 'ledger')]
  const random = new Random(20_260_101)
  const acks: { n: number; id: number }[] = []

  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    const child = new Child(file, ledger)
    t.after(() => child.kill())
    const first = cycle * 10_000
    child.send({ load: first })
    // More than it has room for in its queue: by then runs have begun and ended.
    const enough = 120 + random.below(150)
    await child.until(() => child.lines.length >= enough, `${enough} lines`)
    await child.kill()
    acks.push(...child.acks())
    assert.deepEqual(child.errors(), [])
  }
  const last = new Child(file, ledger)
  t.after(() => last.kill())
  last.send({})
  assert.deepEqual(await last.exit(), [0, null])
  assert.ok(last.lines.includes('drained'))
  assert.deepEqual(last.errors(), [])

  const dead = await assertDrained(t, file)
  const entries = readLedger(ledger)
  assertNoOverlap(entries)
  const completed = new Set(entries.filter(({ what }) => what === 'end').map(({ id }) => id))
  const lost = acks.filter(({ id }) => !completed.has(id) && !dead.has(id))
  assert.deepEqual(lost, [], 'acknowledged, and neither completed nor dead')
  assert.ok(acks.length > 500)

  // Only `flaky` fails by its own doing, and once: every other run is a first attempt.
  for (const { kind, attempt } of entries) assert.ok(attempt <= (kind === 'flaky' ? 2 : 1), kind)

  const started = new Map<string, number>()
  for (const { key, n } of entries) started.set(key, Math.max(n, started.get(key) ?? 0))
  const keyed = acks.filter(({ n }) => n % 3 === 0)
  assert.ok(keyed.length > 100)
  for (const { n, id } of keyed) {
    assert.ok(dead.has(id) || (started.get(`key-${n % 4}`) ?? 0) >= n, `submission ${n}`)
  }

  // The kills hit something: runs that began, and that a later process ran again.
  const runs = new Map<number, Set<number>>()
  for (const { id, pid } of entries) runs.set(id, (runs.get(id) ?? new Set()).add(pid))
  assert.ok([...runs.values()].filter((pids) => pids.size > 1).length >= CYCLES / 2)
})

test('kill -9 frees the file for the next owner', async (t) => {
  const folder = await temporaryFolder(t)
  const [file, ledger] = [join(folder, 'queue.db'), join(folder, 'ledger')]
  const child = new Child(file, ledger)
  t.after(() => child.kill())
  child.send({ load: 0 })
  await child.until(() => child.acks().length > 0, 'an acknowledgement')
  const store = await SqliteStore.open(file)
  t.after(() => store.close())
  const runtime = new Runtime(store)
  t.after(() => runtime.stop())
  const owned = refusal('HELVE_ERR_OWNED', new RegExp(`\\b${child.pid}\\b`))
  await assert.rejects(runtime.runOnce(), owned)
  await child.kill()
  assert.equal(await runtime.runOnce(), true)
})
