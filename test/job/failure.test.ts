import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { toJobError } from '../../src/job/failure.ts'
import { MAX_ERROR_BYTES } from '../../src/job/limits.ts'

const trap = (): never => {
  throw new Error('trapped')
}

describe('toJobError', () => {
  test('keeps name, message, stack and code of an error', () => {
    const error = Object.assign(new TypeError('no repository 5'), { code: 'ENOENT' })
    assert.deepEqual(toJobError(error), {
      name: 'TypeError',
      message: 'no repository 5',
      stack: error.stack,
      code: 'ENOENT',
    })
  })

  test('keeps those of an object that is like an error, and a code that is a number', () => {
    const thrown = { name: 'HttpError', message: 'bad gateway', code: 502, status: 5 }
    assert.deepEqual(toJobError(thrown), {
      name: 'HttpError',
      message: 'bad gateway',
      code: '502',
    })
  })

  test('knows an error of another realm, and of a class of one’s own', () => {
    class Mine extends Error {
      override name = 'Mine'
    }
    assert.equal(toJobError(new Mine('x')).name, 'Mine')
    assert.equal(toJobError(Object.assign(new Error(''), { name: '' })).name, 'Error')
    assert.equal(toJobError(new Error('')).message, '')
  })

  const revoked = Proxy.revocable({}, {})
  revoked.revoke()
  const poison: [name: string, thrown: unknown, message: string][] = [
    ['null', null, 'thrown: null'],
    ['undefined', undefined, 'thrown: undefined'],
    ['a string', 'no luck', 'thrown: no luck'],
    ['a number', 5, 'thrown: 5'],
    ['a BigInt', 5n, 'thrown: 5'],
    ['a symbol', Symbol('s'), 'thrown: Symbol(s)'],
    ['a function', () => 1, 'thrown: a function'],
    ['an object', {}, 'thrown: [object Object]'],
    ['an object without prototype', Object.create(null), 'thrown: a value of type object'],
    ['a toString that throws', { toString: trap }, 'thrown: a value of type object'],
    [
      'a proxy that throws',
      new Proxy(new Error('x'), { get: trap, has: trap, getPrototypeOf: trap, ownKeys: trap }),
      'thrown: a value of type object',
    ],
    ['a proxy of a function that throws', new Proxy(trap, { get: trap }), 'thrown: a function'],
    ['a revoked proxy', revoked.proxy, 'thrown: a value of type object'],
    [
      'an error whose message throws',
      Object.defineProperty(new Error('x'), 'message', { get: trap }),
      'thrown: a value of type object',
    ],
    [
      'an error whose message is no string',
      Object.assign(Object.create(Error.prototype) as Error, { message: { a: 1 } }),
      'thrown: Error: [object Object]',
    ],
  ]
  for (const [name, thrown, message] of poison) {
    test(`takes ${name}`, () => {
      const error = toJobError(thrown)
      assert.equal(error.message, message)
      assert.equal(typeof error.name, 'string')
      assert.notEqual(error.name, '')
      assert.deepEqual(JSON.parse(JSON.stringify(error)), error, 'it is plain data')
    })
  }

  test('takes an error of which name, stack and code throw', () => {
    const error = new Error('still here')
    for (const property of ['stack', 'code', 'name']) {
      Object.defineProperty(error, property, { get: trap })
    }
    assert.deepEqual(toJobError(error), { name: 'Error', message: 'still here' })
  })

  const units = ['x', 'ü', '€', '🚀', '\ud800', '\udc00', 'a🚀', 'ab€', 'abc🚀']
  for (const unit of units) {
    test(`cuts a long text of ${JSON.stringify(unit)} to 8 KiB of good text`, () => {
      const long = unit.repeat(20_000)
      const {
        message,
        stack = '',
        name,
        code = '',
      } = toJobError({ message: long, stack: long, name: long, code: long })
      for (const text of [message, stack, toJobError(long).message]) {
        const bytes = Buffer.byteLength(text)
        assert.ok(bytes <= MAX_ERROR_BYTES, `${bytes} bytes`)
        assert.ok(bytes > MAX_ERROR_BYTES - 4, `${bytes} bytes`)
        assert.ok(text.isWellFormed())
      }
      for (const text of [name, code]) assert.ok(Buffer.byteLength(text) <= 128)
      if (unit.isWellFormed()) assert.ok(!message.includes('\ufffd'), 'half a character is left')
    })
  }

  test('encodes no more of 50 MB than it keeps', (t) => {
    const long = 'x🚀'.repeat(50_000_000 / 3)
    const methods = (['from', 'byteLength'] as const).map((name) => t.mock.method(Buffer, name))
    const error = toJobError({ message: long, stack: long, name: long, code: long })
    const thrown = toJobError(long)
    const encoded = methods.flatMap(({ mock }) => mock.calls.map(({ arguments: [text] }) => text))
    assert.ok(encoded.length > 0)
    for (const text of encoded) assert.ok((text as string).length <= MAX_ERROR_BYTES)
    for (const text of [error.message, thrown.message]) assert.ok(text.length < MAX_ERROR_BYTES)
  })

  test('leaves what is short as it is, but for lone surrogates', () => {
    const text = 'naïve 🚀 \0 \n'
    assert.equal(toJobError(new Error(text)).message, text)
    assert.equal(toJobError(new Error('a\ud800b\udc00')).message, 'a\ufffdb\ufffd')
    const full = 'x'.repeat(MAX_ERROR_BYTES)
    assert.equal(toJobError(new Error(full)).message, full)
  })
})
