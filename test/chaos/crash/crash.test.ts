import assert from 'node:assert/strict'
import { join } from 'node:path'
import { test } from 'node:test'
import { Runtime, SqliteStore } from '../../../src/index.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { refusal } from '../../support/jobs.ts'
import { SEED } from '../part.ts'
import { Child } from './child.ts'
import { run, share } from './crash.ts'

test('I1, I2, I3, I4, I6: kill -9 under load, anywhere and at named points, loses nothing', async () => {
  const figures = await run({ seed: SEED, ...share })
  assert.ok(Number(figures['acknowledged, kills anywhere']) > 300)
})

test('kill -9 frees the file for the next owner', async (t) => {
  const folder = await temporaryFolder(t)
  const [file, ledger] = [join(folder, 'queue.db'), join(folder, 'ledger')]
  const child = new Child([file, ledger])
  t.after(() => child.kill())
  child.send({ load: { first: 0 } })
  // More jobs than may wait are acknowledged. Some have run, so that the process is the owner.
  await child.until(() => child.acks.length > 300, '300 acknowledgements')
  const store = await SqliteStore.open(file)
  t.after(() => store.close())
  const runtime = new Runtime(store)
  t.after(() => runtime.stop())
  const owned = refusal('HELVE_ERR_OWNED', new RegExp(`\\b${child.pid}\\b`))
  await assert.rejects(runtime.runOnce(), owned)
  await child.kill()
  assert.equal(await runtime.runOnce(), true)
})
