import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import * as errors from '../../src/job/errors.ts'
import { built } from '../support/built.ts'
import { NOW, refusal } from '../support/jobs.ts'

/** A second copy of the module, as when built files and sources meet, or two installs. */
const source = new URL('../../src/job/errors.ts', import.meta.url)
const copy = (await import(`${built(source).href}?copy`)) as typeof errors

test('the copy of the errors module has classes of its own', () => {
  assert.notEqual(copy.PermanentError, errors.PermanentError)
  assert.ok(!(new copy.PermanentError('x') instanceof errors.PermanentError))
})

const trap = (): never => {
  throw new Error('trapped')
}
const POISON: Record<string, unknown> = {
  null: null,
  undefined: undefined,
  'a number': 0,
  'a string': 'PermanentError',
  'a BigInt': 5n,
  'a symbol': Symbol('helve.permanent'),
  'a function': () => 1,
  'an object': {},
  'an object without prototype': Object.create(null),
  'an error': new Error('x'),
  'a proxy that throws': new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap }),
  'a proxy of a function that throws': new Proxy(trap, { get: trap }),
  'an object named PermanentError': { name: 'PermanentError', permanent: true, retryAfter: 5 },
}

for (const [name, { PermanentError, RetryAfterError }] of Object.entries({ own: errors, copy })) {
  describe(`errors of the ${name} module`, () => {
    test('isPermanent knows a PermanentError, and a class made of it', () => {
      class NoRepository extends PermanentError {}
      assert.equal(errors.isPermanent(new PermanentError('x')), true)
      assert.equal(errors.isPermanent(new NoRepository('x')), true)
      assert.equal(errors.isPermanent(new RetryAfterError(5)), false)
    })

    test('retryAt knows a RetryAfterError, and a class made of it', () => {
      class RateLimited extends RetryAfterError {}
      assert.equal(errors.retryAt(new RetryAfterError(5_000), NOW), NOW + 5_000)
      assert.equal(errors.retryAt(new RetryAfterError(0), NOW), NOW)
      assert.equal(errors.retryAt(new RateLimited(new Date(NOW + 7)), NOW), NOW + 7)
      assert.equal(errors.retryAt(new RetryAfterError(new Date(NOW - 7)), NOW), NOW - 7)
      assert.equal(errors.retryAt(new PermanentError('x'), NOW), undefined)
    })

    test('they are errors with a name, a message and a cause', () => {
      const cause = new Error('why')
      const permanent = new PermanentError('gone', { cause })
      assert.ok(permanent instanceof Error)
      assert.deepEqual(
        [permanent.name, permanent.message, permanent.cause],
        ['PermanentError', 'gone', cause],
      )
      const retry = new RetryAfterError(5, 'busy', { cause })
      assert.deepEqual([retry.name, retry.message, retry.cause], ['RetryAfterError', 'busy', cause])
      assert.notEqual(new RetryAfterError(5).message, '')
    })
  })
}

for (const [name, thrown] of Object.entries(POISON)) {
  test(`isPermanent and retryAt take ${name}`, () => {
    assert.equal(errors.isPermanent(thrown), false)
    assert.equal(errors.retryAt(thrown, NOW), undefined)
  })
}

test('retryAt gives whole milliseconds, as all times in helve are', () => {
  assert.equal(errors.retryAt(new errors.RetryAfterError(0.5), NOW), NOW + 1)
  assert.equal(errors.retryAt(new errors.RetryAfterError(1_000 / 3), NOW), NOW + 334)
})

test('retryAt gives undefined for an error with an invalid time', () => {
  const later = Symbol.for('helve.retryAfter')
  for (const after of [NaN, Infinity, new Date(NaN), '5', null, {}]) {
    assert.equal(errors.retryAt({ [later]: after }, NOW), undefined)
  }
})

for (const after of [NaN, -1, Infinity, new Date(NaN), '5', undefined]) {
  test(`I10: RetryAfterError refuses ${String(after)}`, () => {
    assert.throws(
      () => new errors.RetryAfterError(after as number),
      refusal('HELVE_ERR_OPTION', /^after: /),
    )
  })
}

test('a HelveError has its code, name and cause', () => {
  const cause = new Error('why')
  const error = new errors.HelveError('HELVE_ERR_KIND', 'kind: expected', { cause })
  assert.ok(error instanceof Error)
  assert.deepEqual(
    [error.name, error.code, error.message, error.cause],
    ['HelveError', 'HELVE_ERR_KIND', 'kind: expected', cause],
  )
})
