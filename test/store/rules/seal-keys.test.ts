import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { sealKeys, type GivenKeys } from '../../../src/store/rules/seal-keys.ts'
import { refusal } from '../../support/jobs.ts'

type Key = GivenKeys

const bytes = Uint8Array.from({ length: 32 }, (_, at) => 255 - at)
const other = new Uint8Array(32).fill(7)
const base64 = Buffer.from(bytes).toString('base64')

async function exported(key: Key): Promise<Buffer[]> {
  return (await sealKeys({ key })).map((one) => one.export())
}

describe('the keys of webhooks', () => {
  const forms: [string, Key][] = [
    ['bytes', bytes],
    ['a Buffer', Buffer.from(bytes)],
    ['base64', base64],
    ['base64 without padding', base64.slice(0, -1)],
    ['base64url', Buffer.from(bytes).toString('base64url')],
    ['hexadecimal digits', Buffer.from(bytes).toString('hex')],
    ['capital hexadecimal digits', Buffer.from(bytes).toString('hex').toUpperCase()],
    ['a list', [bytes]],
    ['a function', () => base64],
    ['an async function', async () => [bytes]],
  ]
  for (const [name, key] of forms) {
    it(`are given as ${name}`, async () =>
      assert.deepEqual(await exported(key), [Buffer.from(bytes)]))
  }

  it('keep their order, and are copies', async () => {
    const mutable = Uint8Array.from(bytes)
    const keys = await sealKeys({ key: [other, mutable] })
    mutable.fill(0)
    assert.deepEqual(
      keys.map((key) => key.export()),
      [Buffer.from(other), Buffer.from(bytes)],
    )
  })

  it('are none without the option', async () => {
    assert.deepEqual(await sealKeys(), [])
    assert.deepEqual(await sealKeys({}), [])
  })

  const bad: [unknown, string][] = [
    [{ key: undefined }, 'undefined'],
    [{ key: null }, 'null'],
    [{ key: '' }, 'a text of 0 characters'],
    [{ key: 'hunter2' }, 'a text of 7 characters'],
    [{ key: `hunter2${'0'.repeat(57)}` }, 'a text of 64 characters'],
    [{ key: new Uint8Array(16) }, '16 bytes'],
    [{ key: 5 }, 'number'],
    [{ key: [] }, 'at least one key'],
    [{ key: [bytes, 'hunter2'] }, 'a text of 7 characters'],
    [{ key: () => undefined }, 'undefined'],
    [{ key: async () => 'hunter2' }, 'a text of 7 characters'],
    [{ key: () => Promise.reject(new Error('no vault')) }, 'one that fails'],
  ]
  for (const [options, came] of bad) {
    it(`I10: refuse ${inspect(options, { breakLength: Infinity })}, and show no key`, async () => {
      const refused = refusal('HELVE_ERR_OPTION', 'webhooks', came)
      await assert.rejects(
        sealKeys(options as { key: Key }),
        (error) => refused(error) && !inspect(error).includes('hunter2'),
      )
    })
  }
})
