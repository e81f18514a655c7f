import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { failureText, toJobError } from '../../src/job/failure.ts'
import type { JobError } from '../../src/job/job.ts'
import { MAX_DETAIL_BYTES, MAX_ERROR_BYTES } from '../../src/job/limits.ts'

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

  test('keeps the parts of an object like an error, and a code that is a number', () => {
    const thrown = { name: 'HttpError', message: 'bad gateway', code: 502, status: 5 }
    assert.deepEqual(toJobError(thrown), {
      name: 'HttpError',
      message: 'bad gateway',
      code: '502',
      fields: { status: 5 },
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
    ['an object', {}, 'thrown: {}'],
    ['an object with fields', { status: 500 }, 'thrown: {"status":500}'],
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

  test('takes an error whose name, stack and code throw', () => {
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

  test('leaves a short text as it is, except for lone surrogates', () => {
    const text = 'naïve 🚀 \0 \n'
    assert.equal(toJobError(new Error(text)).message, text)
    assert.equal(toJobError(new Error('a\ud800b\udc00')).message, 'a\ufffdb\ufffd')
    const full = 'x'.repeat(MAX_ERROR_BYTES)
    assert.equal(toJobError(new Error(full)).message, full)
  })
})

/** The error as plain data, without the stacks. */
function plain(error: JobError): unknown {
  return JSON.parse(
    JSON.stringify(error, (key, value: unknown) => (key === 'stack' ? undefined : value)),
  )
}

describe('what is inside an error', () => {
  test('its causes are kept, each with its code and fields', () => {
    const refused = Object.assign(new Error('connect'), { code: 'ECONNREFUSED', port: 443 })
    const failed = new TypeError('fetch failed', { cause: refused })
    assert.deepEqual(plain(toJobError(new Error('no push', { cause: failed }))), {
      name: 'Error',
      message: 'no push',
      cause: {
        name: 'TypeError',
        message: 'fetch failed',
        cause: {
          name: 'Error',
          message: 'connect',
          code: 'ECONNREFUSED',
          fields: { port: 443 },
        },
      },
    })
  })

  test('fetch of an unknown host tells of ENOTFOUND', async () => {
    const thrown = await fetch('http://nowhere.invalid/').catch((error: unknown) => error)
    const error = toJobError(thrown)
    assert.deepEqual([error.message, error.cause?.code], ['fetch failed', 'ENOTFOUND'])
    const text = 'TypeError: fetch failed, caused by Error: getaddrinfo ENOTFOUND nowhere.invalid'
    assert.equal(failureText(error), text)
  })

  test('the errors of an AggregateError are kept, and a cause that is no error', () => {
    const thrown = new AggregateError([new RangeError('a'), 'b', { c: 1 }], '', { cause: 'why' })
    const error = toJobError(thrown)
    assert.deepEqual(plain(error), {
      name: 'AggregateError',
      message: '',
      cause: { name: 'Error', message: 'why' },
      errors: [
        { name: 'RangeError', message: 'a' },
        { name: 'Error', message: 'b' },
        { name: 'Error', message: '{"c":1}', fields: { c: 1 } },
      ],
    })
    const text =
      'AggregateError, made of RangeError: a; Error: b; Error: {"c":1}, caused by Error: why'
    assert.equal(failureText(error), text)
  })

  test('fields are kept as plain data; functions, symbols and maps are left out', () => {
    const fields = {
      status: 500,
      ...{ retry: false, note: null, size: NaN, big: 5n, at: new Date(0), bad: new Date(NaN) },
      list: [1, undefined, { a: ['b'] }],
      inner: new RangeError('inner'),
      ...{ run: () => 1, tag: Symbol('t'), map: new Map([[1, 2]]), absent: undefined },
    }
    assert.deepEqual(
      (plain(toJobError(Object.assign(new Error('x'), fields))) as JobError).fields,
      {
        status: 500,
        ...{ retry: false, note: null, size: 'NaN', big: '5', at: '1970-01-01T00:00:00.000Z' },
        list: [1, null, { a: ['b'] }],
        inner: { name: 'RangeError', message: 'inner' },
      },
    )
  })

  test('a cycle ends where it begins', () => {
    const error = new Error('round')
    const list: unknown[] = []
    list.push(list)
    Object.assign(error, { cause: error, errors: [error], self: error, list })
    assert.deepEqual(plain(toJobError(error)), {
      name: 'Error',
      message: 'round',
      fields: { list: [null] },
    })
  })

  test('a code is told in the text, once', () => {
    const coded = (message: string) => toJobError(Object.assign(new Error(message), { code: 'E5' }))
    assert.equal(failureText(coded('no')), 'Error: no (E5)')
    assert.equal(failureText(coded('E5: no')), 'Error: E5: no')
    assert.equal(failureText(coded('')), 'Error (E5)')
  })

  const long = 'x'.repeat(20_000)
  const chain = (length: number) =>
    Array.from({ length }).reduce<Error>((cause) => new Error(long, { cause }), new Error(long))
  const keys = Object.fromEntries(Array.from({ length: 10_000 }, (_, n) => [`k${n}`, long]))
  const bombs: Record<string, unknown> = {
    'a chain of 1,000 causes': chain(1_000),
    '10,000 errors': new AggregateError(Array.from({ length: 10_000 }, () => chain(2))),
    '10,000 fields': Object.assign(new Error(long), keys),
    'a field of 1,000,000 items': Object.assign(new Error(long), { list: Array(1e6).fill(0) }),
    'lists in lists': Object.assign(new Error(long), {
      list: Array.from({ length: 100 }, () => Array.from({ length: 100 }, () => [long])),
    }),
    'a key of 20,000 characters': Object.assign(new Error(long), { [long]: 1 }),
  }
  for (const [name, bomb] of Object.entries(bombs)) {
    test(`${name} are kept in bounds`, () => {
      const error = toJobError(bomb)
      // Names, punctuation and numbers come on top of the texts.
      const most = 2 * MAX_ERROR_BYTES + 2 * MAX_DETAIL_BYTES
      assert.ok(JSON.stringify(error).length < most, `${JSON.stringify(error).length} bytes`)
      assert.ok(Buffer.byteLength(failureText(error)) <= MAX_ERROR_BYTES)
    })
  }

  test('fields that throw when they are read are left out', () => {
    const trapped = new Proxy({}, { get: trap, ownKeys: trap, getPrototypeOf: trap })
    const items = new Proxy([1, 2], { get: trap })
    const broken = Object.assign(new Date(0), { toISOString: trap, valueOf: trap })
    const { proxy, revoke } = Proxy.revocable([], {})
    revoke()
    const given = {
      trapped,
      items,
      proxy,
      list: [proxy, trapped],
      broken,
      cause: proxy,
      errors: items,
    }
    const thrown = Object.defineProperty(Object.assign(new Error('still here'), given), 'get', {
      get: trap,
      enumerable: true,
    })
    assert.deepEqual((plain(toJobError(thrown)) as JobError).fields, {
      items: [],
      list: [null, null],
      broken: '1970-01-01T00:00:00.000Z',
    })
  })

  test('a field named __proto__ is a field', () => {
    const error = Object.assign(new Error('x'), JSON.parse('{"a":{"__proto__":{"b":1}}}'))
    assert.equal(JSON.stringify(toJobError(error).fields), '{"a":{"__proto__":{"b":1}}}')
  })
})
