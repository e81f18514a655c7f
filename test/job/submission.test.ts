import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HelveErrorCode } from '../../src/job/errors.ts'
import {
  MAX_NAME_BYTES,
  MAX_DELAY,
  MAX_KIND_LENGTH,
  MAX_PAYLOAD_BYTES,
  NEVER,
} from '../../src/job/limits.ts'
import { newJob } from '../../src/job/submission.ts'
import { NOW, refusal } from '../support/jobs.ts'

const MOMENT = { now: NOW, wall: NOW }

describe('a good submission', () => {
  test('has the defaults that EnqueueOptions states', () => {
    const expected = {
      kind: 'touch_repo',
      payload: '{}',
      dedupeKey: null,
      priority: 0,
      runAt: NOW,
      wallAt: null,
      maxAttempts: null,
      overrides: null,
      group: undefined,
    }
    assert.deepEqual(newJob('touch_repo', undefined, undefined, MOMENT), expected)
    assert.deepEqual(newJob('touch_repo', {}, null, MOMENT), expected)
    assert.deepEqual(
      newJob('touch_repo', {}, { dedupeKey: null, delay: undefined }, MOMENT),
      expected,
    )
  })

  test('keeps every option that it gives', () => {
    const options = {
      dedupeKey: 'k',
      delay: 1_500,
      priority: -1_000,
      maxAttempts: 1_000,
      backoff: { type: 'fixed', delay: 0, maxDelay: 5, jitter: 1 },
      timeout: 1,
    }
    assert.deepEqual(newJob('a', { repo_pk: 5 }, options, MOMENT), {
      kind: 'a',
      payload: '{"repo_pk":5}',
      dedupeKey: 'k',
      priority: -1_000,
      runAt: NOW + 1_500,
      wallAt: null,
      maxAttempts: 1_000,
      overrides: { backoff: options.backoff, timeout: 1 },
      group: undefined,
    })
  })

  const kinds = ['a', 'A', 'a.b:c-d_9', 'k'.repeat(MAX_KIND_LENGTH)]
  for (const kind of kinds) {
    test(`may be of kind ${kind}`, () => assert.equal(newJob(kind, {}, {}, MOMENT).kind, kind))
  }

  const keys = ['k', ' ', '__proto__', '🔑', 'é'.repeat(MAX_NAME_BYTES / 2)]
  for (const key of keys) {
    test(`may have the dedupe key ${key}`, () => {
      assert.equal(newJob('a', {}, { dedupeKey: key }, MOMENT).dedupeKey, key)
    })
  }

  class Self {
    a = 1

    toJSON(): this {
      return this
    }
  }
  class Push {
    repo_pk = 5
  }
  const hidden = Object.defineProperty({ a: 1 }, Symbol('of a library'), { value: 1 })
  const shared = { x: 1 }
  const payloads: [name: string, payload: unknown, json: string][] = [
    ['null', null, 'null'],
    ['a string', 'naïve \0 🚀', '"naïve \\u0000 🚀"'],
    ['an array', [1, [2, { a: null }]], '[1,[2,{"a":null}]]'],
    ['an object whose toJSON gives a string', new Date(NOW), `"${new Date(NOW).toISOString()}"`],
    ['an object whose toJSON gives the object itself', new Self(), '{"a":1}'],
    ['an object of a class that has only fields', new Push(), '{"repo_pk":5}'],
    ['a symbol that is not enumerable', hidden, '{"a":1}'],
    ['one object twice', { a: shared, b: shared }, '{"a":{"x":1},"b":{"x":1}}'],
    ['an object without prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['a field that is undefined', { a: undefined, b: 1 }, '{"b":1}'],
    ['an empty object', {}, '{}'],
  ]
  for (const [name, payload, json] of payloads) {
    test(`may carry ${name}`, () => assert.equal(newJob('a', payload, {}, MOMENT).payload, json))
  }

  test('may carry exactly 1 MiB, in bytes', () => {
    const units = MAX_PAYLOAD_BYTES - 2
    assert.equal(newJob('a', 'x'.repeat(units), {}, MOMENT).payload.length, MAX_PAYLOAD_BYTES)
    const umlauts = newJob('a', 'ü'.repeat(units / 2), {}, MOMENT).payload
    assert.equal(Buffer.byteLength(umlauts), MAX_PAYLOAD_BYTES)
  })

  const times: [options: object, runAt: number, wallAt?: number][] = [
    [{ delay: 0 }, NOW],
    [{ delay: 0.5 }, NOW + 1],
    [{ delay: MAX_DELAY }, NOW + MAX_DELAY],
    [{ runAt: NOW - 5 }, NOW - 5],
    [{ runAt: 0 }, 0],
    [{ runAt: NOW + 0.5 }, NEVER, NOW + 1],
    [{ runAt: new Date(NOW + 7) }, NEVER, NOW + 7],
  ]
  for (const [options, runAt, wallAt = null] of times) {
    test(`with ${JSON.stringify(options)} runs at a whole millisecond`, () => {
      const job = newJob('a', {}, options, MOMENT)
      assert.deepEqual([job.runAt, job.wallAt], [runAt, wallAt])
    })
  }
})

const fail = (): never => {
  throw new Error('no luck')
}

const throwing = (thrown: unknown) => ({
  toJSON: () => {
    throw thrown
  },
})

interface Bad {
  kind?: unknown
  payload?: unknown
  options?: unknown
}

function refuses(name: string, bad: Bad, code: HelveErrorCode, ...named: (string | RegExp)[]) {
  test(`I10: ${name}`, () => {
    const { kind = 'a', payload = {}, options = {} } = bad
    assert.throws(() => newJob(kind, payload, options, MOMENT), refusal(code, ...named))
  })
}

describe('a kind is refused that is', () => {
  const bad: [name: string, kind: unknown, ...named: string[]][] = [
    ['empty', '', '""'],
    ['of 65 characters', 'k'.repeat(65), '64', '65'],
    ['a name of Object.prototype', 'constructor', '"constructor"'],
    ['another name of Object.prototype', 'toString', '"toString"'],
    ['__proto__', '__proto__', '"__proto__"'],
    ['a path', '../x', '"../x"'],
    ['with a line feed at its end', 'a\n', '"a\\n"'],
    ['a number first', '9a', '"9a"'],
    ['null', null, 'null'],
    ['a number', 5, '5'],
    ['a symbol', Symbol('a'), 'Symbol(a)'],
    ['a function', () => 'a', 'a function'],
    ['an object', { toString: () => 'a' }, 'an object'],
  ]
  for (const [name, kind, ...named] of bad) {
    refuses(name, { kind }, 'HELVE_ERR_KIND', /^kind: /, ...named)
  }
  test('I10: undefined', () => {
    assert.throws(() => newJob(undefined, {}, {}, MOMENT), refusal('HELVE_ERR_KIND', /^kind: /))
  })
})

describe('a payload is refused that has', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = [cycle]
  const deep = Array.from({ length: 1_500 }).reduce<unknown>((inner) => [inner], 1)
  const getter = Object.defineProperty({}, 'a', { enumerable: true, get: fail })
  const bad: [name: string, payload: unknown, ...named: (string | RegExp)[]][] = [
    ['a function', () => 1, /^payload: /, 'a function'],
    ['a nested function', { a: [0, { b: () => 1 }] }, 'payload.a[1].b', 'a function'],
    ['a BigInt', { id: 5n }, 'payload.id', 'bigint'],
    ['a symbol', { id: Symbol('x') }, 'payload.id', 'symbol'],
    ['undefined in an array', { a: [undefined] }, 'payload.a[0]', 'undefined, which'],
    ['a hole in an array', { a: Object.assign([1], { 2: 3 }) }, 'payload.a[1]', 'undefined'],
    ['fields on an array', { a: Object.assign([1], { extra: 1 }) }, /^payload\.a: /, '"extra"'],
    ['a negative zero', { a: [-0] }, 'payload.a[0]', '-0, which becomes 0'],
    ['an invalid Date', { at: new Date(NaN) }, 'payload.at', 'a valid Date', 'an invalid one'],
    ['a typed array', { a: new Uint8Array(2) }, 'payload.a', 'Uint8Array'],
    ['a Buffer', { a: Buffer.from('ab') }, 'payload.a', 'Buffer'],
    ['an ArrayBuffer', { a: new ArrayBuffer(2) }, 'payload.a', 'ArrayBuffer'],
    ['a Map with fields', { m: Object.assign(new Map(), { a: 1 }) }, 'payload.m', 'Map'],
    ['a Set with fields', { s: Object.assign(new Set(), { a: 1 }) }, 'payload.s', 'Set'],
    ['an Error with fields', { e: Object.assign(new Error('x'), { a: 1 }) }, 'payload.e', 'Error'],
    ['a boxed number', { n: Object(5) as unknown }, 'payload.n', 'Number'],
    ['a boxed string', { s: Object('ab') as unknown }, 'payload.s', 'String'],
    ['a symbol for a key', { of: { [Symbol('s')]: 1 } }, /^payload\.of: /, 'Symbol(s)'],
    ['a symbol for a key of an array', Object.assign([], { [Symbol('s')]: 1 }), 'Symbol(s)'],
    ['a toJSON that gives a Map', { m: { toJSON: () => new Map() } }, 'payload.m', 'Map'],
    ['a toJSON that gives nothing in an array', [{ toJSON: () => undefined }], 'payload[0]'],
    ['NaN', { size: NaN }, 'payload.size', 'NaN'],
    ['Infinity', [-Infinity], 'payload[0]', '-Infinity'],
    ['a cycle', cycle, /^payload: /, 'cycle'],
    ['1,500 levels', deep, /^payload: /, '1000'],
    ['a Map', { m: new Map([[1, 2]]) }, 'payload.m', 'Map'],
    ['a Set', new Set([1]), /^payload: /, 'Set'],
    ['an Error', { error: new Error('x') }, 'payload.error', 'Error'],
    ['an own __proto__ key', JSON.parse('{"a":{"__proto__":{}}}'), 'payload.a', '__proto__'],
    ['a toJSON that throws', throwing(new Error('no luck')), /^payload: /, 'no luck'],
    ['a toJSON that throws null', throwing(null), /^payload: /],
    ['a toJSON that throws a value without text', throwing(Object.create(null)), /^payload: /],
    ['a toJSON that gives nothing', { toJSON: () => undefined }, /^payload: /, 'toJSON'],
    ['a toJSON that gives NaN', { at: { toJSON: () => NaN } }, /^payload\.at: /, 'NaN'],
    [
      'a toJSON that gives an own __proto__ key',
      { of: { toJSON: () => JSON.parse('{"__proto__":{}}') as unknown } },
      /^payload\.of: /,
      '__proto__',
    ],
    ['a getter that throws', getter, /^payload: /, 'no luck'],
    ['a trap that throws', new Proxy({}, { ownKeys: fail }), /^payload: /, 'no luck'],
  ]
  for (const [name, payload, ...named] of bad) {
    refuses(name, { payload }, 'HELVE_ERR_PAYLOAD', ...named)
  }

  for (const unit of ['x', 'ü', '🚀']) {
    const payload = unit.repeat(MAX_PAYLOAD_BYTES / Buffer.byteLength(unit))
    const came = String(MAX_PAYLOAD_BYTES + 2)
    const named = [/^payload: /, String(MAX_PAYLOAD_BYTES), came]
    refuses(`more than 1 MiB of ${unit}`, { payload }, 'HELVE_ERR_PAYLOAD_TOO_LARGE', ...named)
  }
})

describe('a dedupe key is refused that is', () => {
  const bad: [name: string, dedupeKey: unknown, ...named: string[]][] = [
    ['empty', '', '""'],
    ['with a NUL character', 'a\0b', 'NUL'],
    ['with a lone surrogate', 'a\ud800b', 'surrogate'],
    ['with a lone surrogate at its end', 'a\udc00', 'surrogate'],
    ['longer than 512 bytes', 'k'.repeat(513), '512', '513'],
    ['longer than 512 bytes in fewer characters', '€'.repeat(171), '512', '513'],
    ['a number', 5, 'a string', '5'],
    ['an object', {}, 'object'],
  ]
  for (const [name, dedupeKey, ...named] of bad) {
    const options = { dedupeKey }
    refuses(name, { options }, 'HELVE_ERR_DEDUPE_KEY', /^dedupeKey: /, ...named)
  }
})

describe('options are refused with', () => {
  const bad: [name: string, options: unknown, ...named: (string | RegExp)[]][] = [
    ['delay NaN', { delay: NaN }, /^delay: /, 'NaN'],
    ['delay -1', { delay: -1 }, /^delay: /, '-1'],
    ['delay Infinity', { delay: Infinity }, /^delay: /, 'Infinity'],
    ['a delay above a year', { delay: MAX_DELAY + 1 }, /^delay: /, String(MAX_DELAY)],
    ['a delay in words', { delay: '5s' }, /^delay: /, '"5s"'],
    ['a delay of null', { delay: null }, /^delay: /],
    ['runAt NaN', { runAt: NaN }, /^runAt: /, 'NaN'],
    ['a runAt before 1970', { runAt: -1 }, /^runAt: /, '-1'],
    ['a runAt above a year', { runAt: NOW + MAX_DELAY + 1 }, /^runAt: /],
    ['a date above a year', { runAt: new Date(NOW + MAX_DELAY + 1) }, /^runAt: /],
    ['an invalid date', { runAt: new Date('soon') }, /^runAt: /, 'NaN'],
    ['a date as text', { runAt: '2026-01-01' }, /^runAt: /, '2026-01-01'],
    ['both delay and runAt', { delay: 0, runAt: NOW }, 'delay', 'runAt', 'both'],
    ['maxAttempts 0', { maxAttempts: 0 }, /^maxAttempts: /, 'from 1', 'got 0'],
    ['maxAttempts 1.5', { maxAttempts: 1.5 }, /^maxAttempts: /, 'integer', '1.5'],
    ['maxAttempts 1001', { maxAttempts: 1_001 }, /^maxAttempts: /, '1000'],
    ['maxAttempts Infinity', { maxAttempts: Infinity }, /^maxAttempts: /],
    ['priority 1.5', { priority: 1.5 }, /^priority: /, 'integer', '1.5'],
    ['priority 1001', { priority: 1_001 }, /^priority: /, '-1000', '1000', '1001'],
    ['priority -1001', { priority: -1_001 }, /^priority: /, '-1001'],
    ['a priority in words', { priority: 'high' }, /^priority: /, '"high"'],
    ['timeout 0', { timeout: 0 }, /^timeout: /, 'got 0'],
    ['a timeout above a year', { timeout: MAX_DELAY + 1 }, /^timeout: /],
    ['a backoff that is no object', { backoff: 'fixed' }, /^backoff: /, '"fixed"'],
    ['a backoff of null', { backoff: null }, /^backoff: /],
    ['a misspelt backoff', { backoff: { delya: 5 } }, /^backoff: /, '"delya"', 'maxDelay'],
    ['an unknown backoff', { backoff: { type: 'linear' } }, /^backoff\.type: /, '"linear"'],
    ['a negative backoff', { backoff: { delay: -1 } }, /^backoff\.delay: /, '-1'],
    ['a backoff of NaN', { backoff: { maxDelay: NaN } }, /^backoff\.maxDelay: /, 'NaN'],
    ['a jitter above 1', { backoff: { jitter: 1.1 } }, /^backoff\.jitter: /, '1.1'],
    ['a function for backoff', { backoff: () => 5 }, /^backoff: /, 'a function'],
    ['a misspelt option', { dedupekey: 'k' }, /^options: /, '"dedupekey"', 'dedupeKey'],
    ['a misspelt option beside good ones', { delay: 5, prioritiy: 1 }, '"prioritiy"'],
    ['an array', [], /^options: /, 'an array'],
    ['a string', 'k', /^options: /, '"k"'],
  ]
  for (const [name, options, ...named] of bad) {
    refuses(name, { options }, 'HELVE_ERR_OPTION', ...named)
  }

  test('I10: a value of 10 MB, in a short message', () => {
    const options = { priority: 'x'.repeat(10_000_000) }
    assert.throws(
      () => newJob('a', {}, options, MOMENT),
      (error: Error) => error.message.length < 300,
    )
  })
})
