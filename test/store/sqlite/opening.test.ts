import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { openDatabase } from '../../../src/store/sqlite/connection.ts'
import { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { aJob, NOW, refusal } from '../../support/jobs.ts'
import { loopTurn } from '../../support/signal.ts'
import { connect, openStore } from '../../support/store.ts'

describe('a file that another connection has locked, as while it sets up the file', () => {
  for (const journal of ['DELETE', 'WAL']) {
    test(`in mode ${journal}: is opened once the lock is free, and the event loop is served meanwhile`, async (t) => {
      const file = join(await temporaryFolder(t), 'queue.db')
      const other = connect(t, file)
      other.pragma(`journal_mode = ${journal}`)
      other.exec('BEGIN EXCLUSIVE; CREATE TABLE theirs (n)')
      const opening = openStore(t, { file })
      for (let turns = 0; turns < 20; turns += 1) await loopTurn()
      other.exec('COMMIT')
      const store = await opening
      await store.enqueue(aJob(), NOW)
    })
  }

  test('is refused after the timeout, and can be opened later', async (t) => {
    const file = join(await temporaryFolder(t), 'queue.db')
    const other = connect(t, file)
    other.exec('BEGIN EXCLUSIVE')
    await assert.rejects(
      openDatabase(file, undefined, 0),
      refusal('HELVE_ERR_STORE_BUSY', 'file', file),
    )
    other.exec('COMMIT')
    await openStore(t, { file })
  })
})

for (const [bad, named] of [
  [{ kye: 'x' }, 'webhooks'],
  [{ allow: ['loopback', '10.0.0.0/33'] }, 'webhooks.allow[1]'],
  [{ ports: [0] }, 'webhooks.ports[0]'],
  [{ key: 'hunter2' }, 'webhooks.key'],
] as const) {
  test(`I10: a store with bad webhooks options is refused by name: ${named}`, async (t) => {
    const opening = openStore(t, { webhooks: bad as object })
    await assert.rejects(opening, refusal('HELVE_ERR_OPTION', named))
  })
}

test('I10: `new SqliteStore` is refused, and the error names `SqliteStore.open`', () => {
  const Made = SqliteStore as unknown as new (file?: unknown) => SqliteStore
  for (const given of ['queue.db', undefined, {}]) {
    assert.throws(
      () => new Made(given),
      refusal('HELVE_ERR_OPTION', 'store', 'await SqliteStore.open(file)'),
    )
  }
})
