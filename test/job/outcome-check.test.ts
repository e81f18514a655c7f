import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { checkOutcome } from '../../src/job/outcome-check.ts'
import { hashOf, type NewPublication } from '../../src/job/publication.ts'
import { aDelivery, anError, refusal } from '../support/jobs.ts'

const COMPLETED = { type: 'completed', result: undefined, followUps: [], deliveries: [] }

function aPublication(over: object = {}): NewPublication {
  const json = '{"n":1}'
  return {
    ...{ guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958', event: 'push', action: null },
    ...{ targets: ['{"type":"repository","id":5}'], json, hash: hashOf(json), ...over },
  }
}

describe('an outcome with events', () => {
  test('is taken as a run makes it', () => {
    const publications = [
      aPublication(),
      aPublication({ targets: [], hook: 7, action: 'opened' }),
      aPublication({ json: undefined, hash: hashOf('too large') }),
    ]
    assert.deepEqual(checkOutcome({ ...COMPLETED, publications }), { ...COMPLETED, publications })
  })

  const bad: Record<string, [named: RegExp, publication: unknown]> = {
    'no event': [/^guid: /, null],
    'a GUID that is none': [/^guid: expected a UUID/, aPublication({ guid: '1' })],
    'a GUID in upper case, which would be another event': [
      /^guid: .* in lower case/,
      aPublication({ guid: '72D3162E-CC78-11E3-81AB-4C9367DC0958' }),
    ],
    'an event that no header carries': [/^event: /, aPublication({ event: 'a\r\nb: c' })],
    'an action that is no text': [/^action: /, aPublication({ action: 7 })],
    'an action of 1 MB': [/^action: /, aPublication({ action: 'x'.repeat(1_000_000) })],
    'targets that are no array': [/^targets: /, aPublication({ targets: 'all' })],
    'too many targets': [/^targets: /, aPublication({ targets: Array(101).fill('{}') })],
    'a target that is no text': [/^targets: /, aPublication({ targets: [{ toString: null }] })],
    'a huge target': [/^targets: /, aPublication({ targets: ['x'.repeat(201)] })],
    'a hook that is none': [/^hook: /, aPublication({ hook: 0 })],
    'a body that is no text': [/^json: /, aPublication({ json: new Uint8Array(9) })],
    'a hash that is none': [/^hash: expected a SHA-256/, aPublication({ hash: 'x' })],
    'the hash of another body': [
      /^hash: expected the SHA-256 of the body/,
      aPublication({ hash: hashOf('{"n":2}') }),
    ],
  }
  for (const [what, [named, publication]] of Object.entries(bad)) {
    test(`is refused with ${what}`, () => {
      const outcome = { ...COMPLETED, publications: [aPublication(), publication] }
      assert.throws(() => checkOutcome(outcome), refusal('HELVE_ERR_OPTION', named))
    })
  }

  test('is refused with more, or with more bytes, than one turn writes', () => {
    const many = Array.from({ length: 1_001 }, () => aPublication())
    assert.throws(() => checkOutcome({ ...COMPLETED, publications: many }), /publications\.length/)
    const json = `{"text":"${'x'.repeat(9 * 1_048_576)}"}`
    const heavy = Array.from({ length: 2 }, () => aPublication({ json, hash: hashOf(json) }))
    assert.throws(
      () => checkOutcome({ ...COMPLETED, publications: heavy }),
      /bytes of publications/,
    )
    assert.throws(() => checkOutcome({ ...COMPLETED, publications: {} }), /publications: expected/)
  })
})

test('I5: a failed outcome takes nothing along but its records', () => {
  const failed = {
    type: 'failed',
    error: anError(),
    permanent: false,
    retryAt: undefined,
    deliveries: [aDelivery()],
  }
  const forged = { ...failed, followUps: 5, publications: { length: 1 }, result: {} }
  assert.deepEqual(checkOutcome(forged), failed)
  const trip = { delay: 1, reason: 'x' }
  assert.deepEqual(checkOutcome({ ...failed, trip }), { ...failed, trip })
})
