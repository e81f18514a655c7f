import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { stat } from 'node:fs/promises'
import { describe, test } from 'node:test'
import { aDelivery, aJob, claimOne, completes, enqueue, NOW, turn } from '../../support/jobs.ts'
import { sourceFiles } from '../../support/sources.ts'
import { connect, openStore } from '../../support/store.ts'

const LIMIT = 16 * 1_048_576
/** Files where a loop of the same call reads a cursor: whatever ends the loop closes the cursor. */
const LOOPS = ['src/store/sqlite/list.ts', 'src/store/sqlite/list-deliveries.ts']
const MIB = 'x'.repeat(1_000_000)

describe('the WAL', () => {
  test('grows while a reader holds on to it, and is truncated after the reader lets go', async (t) => {
    const store = await openStore(t, { durability: 'process' })
    const size = async (): Promise<number> => (await stat(`${store.file}-wal`)).size
    const reader = connect(t, store.file)
    reader.exec('BEGIN')
    reader.prepare('SELECT count(*) FROM helve_jobs').get()
    for (let n = 0; n < 20; n += 1) await enqueue(store, aJob({ payload: MIB }))
    assert.ok((await size()) > LIMIT)
    reader.exec('COMMIT')
    // A commit that finds the whole log copied begins the log anew, and truncates it to the limit.
    for (let n = 0; n < 10 && (await size()) > LIMIT; n += 1) await enqueue(store, aJob())
    assert.ok((await size()) <= LIMIT)
  })

  test('is not held by a look at the queue that has been answered', async (t) => {
    const store = await openStore(t, { durability: 'process' })
    await enqueue(store, ...Array.from({ length: 10 }, () => aJob({ payload: MIB })))
    const large = aDelivery({ requestBody: MIB })
    const deliveries = Array.from({ length: 10 }, () => large)
    await turn(store, { settles: [completes(await claimOne(store), { deliveries })] })
    const looks = [
      store.webhooks.deliveries({ hook: large.webhookId }),
      store.get(1),
      store.list({}),
      store.counts(),
      store.oldestDue(NOW),
      store.pauses(),
    ]
    await Promise.all(looks)
    await store.check()
    const [{ busy }] = connect(t, store.file).pragma('wal_checkpoint(TRUNCATE)') as [
      { busy: number },
    ]
    assert.equal(busy, 0)
    assert.equal((await stat(`${store.file}-wal`)).size, 0)
  })

  for (const file of sourceFiles('src')) {
    if (!file.startsWith('src/store/sqlite/')) continue
    test(`no cursor is left open in ${file}`, () => {
      const source = readFileSync(file, 'utf8')
      if (!LOOPS.includes(file)) assert.doesNotMatch(source, /\.iterate\(/)
    })
  }
})
