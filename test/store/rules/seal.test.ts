import assert from 'node:assert/strict'
import { createSecretKey, randomBytes } from 'node:crypto'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { Sealer } from '../../../src/store/rules/seal.ts'
import { refusal } from '../../support/jobs.ts'

const TEXT = 'naïve 🔑 hunter2'

function sealerOf(...numbers: number[]): Sealer {
  return new Sealer(numbers.map((number) => createSecretKey(new Uint8Array(32).fill(number))))
}

/** Refused without a word of the text. */
function refused(code: string, ...words: string[]) {
  const isRefusal = refusal(code as never, ...words)
  return (error: unknown): boolean => isRefusal(error) && !inspect(error).includes('hunter2')
}

describe('a sealer', () => {
  it('opens what it has sealed', () => {
    const sealer = sealerOf(1)
    for (const text of [TEXT, '', 'x'.repeat(10_000)]) {
      const sealed = sealer.seal('secret', text)
      assert.match(sealed, /^helve:1:[\w-]+$/)
      assert.equal(sealer.open('secret', sealed, 1), text)
      assert.equal(sealer.opens('secret', sealed, 1), true)
    }
  })

  it('never seals twice alike', () => {
    const sealer = sealerOf(1)
    const sealed = Array.from({ length: 100 }, () => sealer.seal('secret', TEXT))
    assert.equal(new Set(sealed).size, 100)
  })

  it('leaves out what is not there', () => {
    assert.equal(sealerOf(1).seal('secret', null), null)
    assert.equal(sealerOf(1).open('secret', null, 1), null)
    assert.equal(sealerOf(1).reseal('secret', null, 1), null)
  })

  it('without a key leaves a text as it is', () => {
    assert.equal(sealerOf().seal('secret', TEXT), TEXT)
    assert.equal(sealerOf().open('secret', TEXT, 1), TEXT)
  })

  it('opens what was stored before there was a key', () => {
    assert.equal(sealerOf(1).open('secret', TEXT, 1), TEXT)
    const sealed = sealerOf(1).reseal('secret', TEXT, 1)
    assert.notEqual(sealed, TEXT)
    assert.equal(sealerOf(1).open('secret', sealed, 1), TEXT)
  })

  it('seals by the first of its keys, and opens by all of them', () => {
    const old = sealerOf(1).seal('secret', TEXT)
    const rotated = sealerOf(2, 1)
    assert.equal(rotated.open('secret', old, 1), TEXT)
    const anew = rotated.reseal('secret', old, 1)
    assert.equal(sealerOf(2).open('secret', anew, 1), TEXT)
    assert.equal(sealerOf(1).opens('secret', anew, 1), false)
  })

  it('refuses what no key of it has sealed, and tells what helps', () => {
    const sealed = sealerOf(1).seal('secret', TEXT)
    const wrong = refused('HELVE_ERR_OPTION', 'webhooks.key', 'the secret of webhook 7', 'older')
    assert.throws(() => sealerOf(2, 3).open('secret', sealed, 7), wrong)
    const none = refused('HELVE_ERR_OPTION', 'webhooks.key', 'the secret of webhook 7', 'got none')
    assert.throws(() => sealerOf().open('secret', sealed, 7), none)
    for (const sealer of [sealerOf(), sealerOf(2)]) {
      assert.equal(sealer.reseal('secret', sealed, 7), sealed)
    }
  })

  it('refuses what was sealed for another field', () => {
    const sealed = sealerOf(1).seal('secret', TEXT)
    for (const field of ['authorization', 'previousSecret', 'url'] as const) {
      const error = refused('HELVE_ERR_OPTION', `the ${field} of webhook 7`)
      assert.throws(() => sealerOf(1).open(field, sealed, 7), error)
    }
  })

  it('refuses a damaged text, whichever bit of it', () => {
    const sealer = sealerOf(1)
    const sealed = Buffer.from(sealer.seal('secret', TEXT).slice('helve:1:'.length), 'base64url')
    for (let byte = 0; byte < sealed.length; byte++) {
      const damaged = Buffer.from(sealed)
      damaged[byte]! ^= 1 << (byte % 8)
      const text = `helve:1:${damaged.toString('base64url')}`
      assert.throws(() => sealer.open('secret', text, 7), refused('HELVE_ERR_OPTION', 'webhook 7'))
    }
    for (const short of ['', 'AA', randomBytes(27).toString('base64url'), '!!!']) {
      const error = refused('HELVE_ERR_STORE_CORRUPT', 'the secret of webhook 7', 'anew')
      assert.throws(() => sealer.open('secret', `helve:1:${short}`, 7), error)
    }
  })

  it('refuses what a newer helve has sealed', () => {
    const error = refused('HELVE_ERR_STORE_CORRUPT', 'the url of webhook 7', 'newer')
    assert.throws(() => sealerOf(1).open('url', 'helve:2:AAAA', 7), error)
  })

  it('shows no key', () => {
    const key = 'hunter2-hunter2-hunter2-hunter2-'
    const sealer = new Sealer([createSecretKey(Buffer.from(key))])
    const shown = inspect(sealer, { depth: 9, showHidden: true })
    assert.doesNotMatch(shown + JSON.stringify(sealer), /hunter2/)
  })
})
