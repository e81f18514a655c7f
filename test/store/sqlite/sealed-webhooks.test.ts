import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import type { SqliteStore } from '../../../src/store/sqlite/sqlite-store.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { refusal } from '../../support/jobs.ts'
import { connect, openStore } from '../../support/store.ts'

const KEY = new Uint8Array(32).fill(1)
const NEWER = new Uint8Array(32).fill(2)
const url = 'https://hooks.localhost/hook?token=hunter2-query'
const secret = 'hunter2-secret'
const authorization = 'Bearer hunter2-authorization'

/** The same file again and again, with these keys each time. */
async function reopening(t: TestContext) {
  const file = join(await temporaryFolder(t), 'queue.db')
  const open = (...keys: Uint8Array[]): Promise<SqliteStore> =>
    openStore(t, { file, ...(keys.length === 0 ? {} : { webhooks: { key: keys } }) })
  const row = (): Record<string, unknown> => {
    const rows = connect(t, file).prepare('SELECT * FROM helve_webhooks').all()
    return rows[0] as Record<string, unknown>
  }
  return { open, row }
}

describe('webhooks of a store with a key', () => {
  test('are sealed in the file, and are what they were', async (t) => {
    const { open, row } = await reopening(t)
    const store = await open(KEY)
    const id = await store.webhooks.create({ url, secret, authorization })
    await store.webhooks.rotateSecret(id, 'hunter2-newer')
    assert.doesNotMatch(inspect(row()), /hunter2/)
    for (const column of ['url', 'secret', 'previous_secret', 'authorization']) {
      assert.match(String(row()[column]), /^helve:1:/, column)
    }
    const hook = await store.getWebhook(id)
    assert.equal(hook?.url, url)
    assert.equal(hook.secret, 'hunter2-newer')
    assert.equal(hook.previousSecret, secret)
    assert.equal(hook.authorization, authorization)
  })

  test('keep a URL without a query in clear: it tells whoever looks what the hook is', async (t) => {
    const { open, row } = await reopening(t)
    await (await open(KEY)).webhooks.create({ url: 'https://hooks.localhost/hook' })
    assert.equal(row()['url'], 'https://hooks.localhost/hook')
  })

  test('that were stored in clear are read, and sealed when they are changed', async (t) => {
    const { open, row } = await reopening(t)
    const before = await open()
    const id = await before.webhooks.create({ url, secret, authorization })
    await before.close()
    assert.equal(row()['secret'], secret)

    const store = await open(KEY)
    assert.equal((await store.getWebhook(id))?.secret, secret)
    await store.webhooks.update(id, { url, active: false })
    assert.doesNotMatch(inspect(row()), /hunter2/)
    const { secret: kept, authorization: sent } = (await store.getWebhook(id))!
    assert.deepEqual([kept, sent], [secret, authorization])
  })

  test('are sealed all at once by reseal, and by a newer key', async (t) => {
    const { open, row } = await reopening(t)
    const before = await open()
    const ids: number[] = []
    for (let i = 0; i < 20; i++) ids.push(await before.webhooks.create({ url, secret }))
    await before.close()

    const first = await open(KEY)
    assert.deepEqual(await first.webhooks.reseal(), [])
    assert.doesNotMatch(inspect(row()), /hunter2/)
    await first.close()

    const rotating = await open(NEWER, KEY)
    assert.deepEqual(await rotating.webhooks.reseal(), [])
    await rotating.close()
    const after = await open(NEWER)
    for (const id of ids) {
      const hook = await after.getWebhook(id)
      assert.deepEqual([hook?.url, hook?.secret], [url, secret])
    }
  })

  test('are refused by name without the key, and listed all the same', async (t) => {
    const { open, row } = await reopening(t)
    const before = await open(KEY)
    const id = await before.webhooks.create({ url, secret, authorization })
    await before.close()
    const sealed = row()
    for (const keys of [[], [NEWER]]) {
      const store = await open(...keys)
      await assert.rejects(
        store.getWebhook(id),
        refusal('HELVE_ERR_OPTION', 'webhooks.key', `of webhook ${id}`),
      )
      const [listed] = await store.webhooks.list()
      assert.equal(listed?.url, '***')
      assert.deepEqual([listed.hasSecret, listed.hasAuthorization], [true, true])
      assert.deepEqual(await store.webhooks.get(id), listed)
      assert.deepEqual(await store.webhooks.reseal(), [id])
      assert.deepEqual(row(), sealed)
      await assert.rejects(
        store.webhooks.rotateSecret(id, 'another'),
        refusal('HELVE_ERR_OPTION', 'webhooks.key'),
      )
      await store.close()
    }
  })

  test('that no key opens are repaired by setting them anew', async (t) => {
    const { open } = await reopening(t)
    const before = await open(KEY)
    const id = await before.webhooks.create({ url, secret, authorization })
    await before.close()
    const store = await open(NEWER)
    await store.webhooks.update(id, { url, secret: 'another', authorization: null })
    const hook = await store.getWebhook(id)
    assert.deepEqual([hook?.secret, hook?.authorization], ['another', null])
    assert.deepEqual(await store.webhooks.reseal(), [])
  })

  test('I10: a key that is none is refused before there is a file', async (t) => {
    const file = join(await temporaryFolder(t), 'queue.db')
    const opening = openStore(t, { file, webhooks: { key: 'hunter2' } })
    await assert.rejects(opening, refusal('HELVE_ERR_OPTION', 'webhooks.key', '7 characters'))
  })
})
