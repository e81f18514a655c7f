import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { inspect } from 'node:util'
import type { NewWebhook } from '../../../src/job/webhook.ts'
import { refusal } from '../../support/jobs.ts'
import { openStore } from '../../support/store.ts'

const url = 'https://hooks.localhost/hook'
const HOUR = 3_600_000

/** A hook with a secret, and the hour on the wall. */
async function hookWith(t: TestContext, hook: Partial<NewWebhook> = {}) {
  t.mock.timers.enable({ apis: ['Date'], now: 1_900_000_000_000 })
  const store = await openStore(t)
  const id = await store.webhooks.create({ url, secret: 'old', ...hook })
  const secrets = async () => {
    const { secret, previousSecret } = (await store.getWebhook(id))!
    return [secret, previousSecret]
  }
  return { id, secrets, store, webhooks: store.webhooks }
}

describe('the secrets of a webhook', () => {
  test('are shown to deliveries, and to nobody else', async (t) => {
    const authorization = 'Bearer hunter2'
    const { id, store, webhooks } = await hookWith(t, { secret: 'hunter2', authorization })
    await webhooks.rotateSecret(id, 'hunter2-newer')
    for (const shown of [await webhooks.get(id), await webhooks.list()]) {
      assert.doesNotMatch(inspect(shown, { depth: 9 }), /hunter2/)
    }
    const record = await webhooks.get(id)
    assert.deepEqual([record?.hasSecret, record?.hasAuthorization], [true, true])
    assert.equal((await store.getWebhook(id))?.authorization, authorization)
    assert.deepEqual(await webhooks.getWebhook(id), await store.getWebhook(id))
  })

  test('stay as they are when an update leaves them out, and go when it says null', async (t) => {
    const { id, store, webhooks } = await hookWith(t, { authorization: 'Bearer a' })
    await webhooks.update(id, { url, active: false })
    const kept = await store.getWebhook(id)
    assert.deepEqual([kept?.secret, kept?.authorization], ['old', 'Bearer a'])
    await webhooks.update(id, { url, secret: null, authorization: null })
    const gone = await store.getWebhook(id)
    assert.deepEqual([gone?.secret, gone?.authorization], [null, null])
    assert.equal((await webhooks.get(id))?.hasSecret, false)
  })

  test('rotate: the old one holds for a day', async (t) => {
    const { id, secrets, webhooks } = await hookWith(t)
    assert.equal(await webhooks.rotateSecret(id, 'new'), true)
    assert.deepEqual(await secrets(), ['new', 'old'])
    assert.equal((await webhooks.get(id))?.previousSecretUntil, 1_900_000_000_000 + 24 * HOUR)
    t.mock.timers.tick(24 * HOUR - 1)
    assert.deepEqual(await secrets(), ['new', 'old'])
    t.mock.timers.tick(1)
    assert.deepEqual(await secrets(), ['new', null])
    assert.equal((await webhooks.get(id))?.previousSecretUntil, null)
  })

  test('rotate for as long as the host says, and twice', async (t) => {
    const { id, secrets, webhooks } = await hookWith(t)
    await webhooks.rotateSecret(id, 'new', { keepFor: HOUR })
    await webhooks.rotateSecret(id, 'newest', { keepFor: HOUR })
    assert.deepEqual(await secrets(), ['newest', 'new'])
    await webhooks.rotateSecret(id, 'at once', { keepFor: 0 })
    assert.deepEqual(await secrets(), ['at once', null])
  })

  test('rotate though something else is changed, but not when the secret is', async (t) => {
    const { id, secrets, webhooks } = await hookWith(t)
    await webhooks.rotateSecret(id, 'new')
    await webhooks.update(id, { url, active: false })
    assert.deepEqual(await secrets(), ['new', 'old'])
    await webhooks.update(id, { url, secret: 'stolen no more' })
    assert.deepEqual(await secrets(), ['stolen no more', null])
  })

  test('rotate from none: there is no old one', async (t) => {
    const { id, secrets, webhooks } = await hookWith(t, { secret: null })
    await webhooks.rotateSecret(id, 'new')
    assert.deepEqual(await secrets(), ['new', null])
  })

  test('of no hook do not rotate', async (t) => {
    const { id, webhooks } = await hookWith(t)
    assert.equal(await webhooks.rotateSecret(id + 1, 'new'), false)
  })

  const bad: [secret: unknown, options: object, named: string][] = [
    ['', {}, 'secret'],
    [null, {}, 'secret'],
    ['hunter2\n', {}, 'secret'],
    ['********', {}, 'secret'],
    ['hunter2', { keepFor: -1 }, 'keepFor'],
    ['hunter2', { keepFor: Infinity }, 'keepFor'],
    ['hunter2', { keep: 1 }, 'keep'],
    ['whsec_hunter2!', {}, 'secret'],
  ]
  for (const [secret, options, named] of bad) {
    test(`I10: refuse ${JSON.stringify([secret, options])}`, async (t) => {
      const { id, secrets, webhooks } = await hookWith(t, { standard: true })
      const refused = refusal('HELVE_ERR_OPTION', named)
      await assert.rejects(
        webhooks.rotateSecret(id, secret as string, options),
        (error) => refused(error) && !inspect(error).includes('hunter2'),
      )
      assert.deepEqual(await secrets(), ['old', null])
    })
  }

  const badHooks: [Partial<Record<keyof NewWebhook, unknown>>, string][] = [
    [{ secret: '***' }, 'secret'],
    [{ secret: 'helve:1:hunter2' }, 'secret'],
    [{ authorization: '' }, 'authorization'],
    [{ authorization: 'Bearer hunter2\r\nX: 1' }, 'authorization'],
    [{ authorization: 'Bearer hünter2' }, 'authorization'],
    [{ authorization: '***' }, 'authorization'],
    [{ authorization: 'helve:1:hunter2' }, 'authorization'],
    [{ authorization: 'x'.repeat(4_097) }, 'authorization'],
    [{ authorization: ['hunter2'] }, 'authorization'],
    [{ standard: 1 }, 'standard'],
    [{ standard: true, secret: 'whsec_' }, 'secret'],
    [{ standard: true, secret: 'whsec_hunter2hunter2hunter2hunter2==' }, 'secret'],
  ]
  for (const [hook, named] of badHooks) {
    test(`I10: refuse ${JSON.stringify(hook).slice(0, 80)}`, async (t) => {
      const { webhooks } = await openStore(t)
      const refused = refusal('HELVE_ERR_OPTION', named)
      await assert.rejects(
        webhooks.create({ url, ...hook } as NewWebhook),
        (error) => refused(error) && !inspect(error).includes('hunter2'),
      )
    })
  }
})
