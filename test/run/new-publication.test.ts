import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { describe, test } from 'node:test'
import type { HelveErrorCode } from '../../src/job/errors.ts'
import { isGuid } from '../../src/job/guid.ts'
import { checkPublication } from '../../src/job/publication.ts'
import { MAX_BODY_BYTES, newPublication } from '../../src/run/new-publication.ts'
import { refusal } from '../support/jobs.ts'

const REPOSITORY = { type: 'repository', id: 5 }
const PAYLOAD = { ref: 'refs/heads/main' }

function make(over: object = {}, event = 'push') {
  return newPublication(event, { target: REPOSITORY, payload: PAYLOAD, ...over })
}

describe('a publication', () => {
  test('is frozen, with its hash and a GUID of its own', () => {
    const payload = { list: [1] }
    const made = make({ payload })
    payload.list.push(2)
    assert.equal(made.json, '{"list":[1]}')
    assert.equal(made.hash, createHash('sha256').update('{"list":[1]}').digest('hex'))
    assert.ok(isGuid(made.guid))
    assert.notEqual(make().guid, make().guid)
    checkPublication(made)
  })

  test('has the GUID that it is given, in lower case', () => {
    const guid = '72D3162E-CC78-11E3-81AB-4C9367DC0958'
    assert.equal(make({ guid }).guid, guid.toLowerCase())
  })

  test('names each target once, with its keys in the order of hooks, and without other keys', () => {
    const own = '{"type":"repository","id":5}'
    assert.deepEqual(make({ target: { id: 5, type: 'repository' } }).targets, [own])
    assert.deepEqual(make({ target: { ...REPOSITORY, name: 'x', toJSON: () => 1 } }).targets, [own])
    const targets = [REPOSITORY, { id: 5, type: 'repository' }, { type: 'user', id: -1 }]
    const made = make({ target: undefined, targets })
    assert.deepEqual(made.targets, [own, '{"type":"user","id":-1}'])
    assert.deepEqual(make({ target: undefined, hook: 3 }).targets, [])
  })

  test('takes a short text of the payload for its action', () => {
    const actions: [payload: object, action: string | null][] = [
      [{ action: 'opened' }, 'opened'],
      [{}, null],
      [{ action: 7 }, null],
      [{ action: null }, null],
      [{ action: 'x'.repeat(100) }, 'x'.repeat(100)],
      [{ action: 'x'.repeat(1_000_000) }, null],
    ]
    for (const [payload, action] of actions) assert.equal(make({ payload }).action, action)
    assert.equal(make({ payload: { action: 'opened' }, action: null }).action, null)
    assert.equal(make({ payload: { action: 'opened' }, action: 'closed' }).action, 'closed')
  })

  test('keeps no body that is too large to be sent', () => {
    const frame = '{"text":""}'.length
    const text = (bytes: number): object => ({ payload: { text: 'x'.repeat(bytes - frame) } })
    assert.equal(make(text(MAX_BODY_BYTES)).json?.length, MAX_BODY_BYTES)
    const large = make(text(MAX_BODY_BYTES + 1))
    assert.equal(large.json, undefined)
    checkPublication(large)
    const wide = make({ payload: { text: 'é'.repeat(MAX_BODY_BYTES / 2) } })
    assert.equal(wide.json, undefined)
  })

  test('leaves Object.prototype as it is, whatever its payload and targets name', () => {
    const payload = { constructor: { prototype: { polluted: 1 } } }
    assert.equal(make({ payload }).json, JSON.stringify(payload))
    const own = JSON.parse('{"__proto__":{"polluted":1}}') as object
    assert.throws(() => make({ payload: own }), refusal('HELVE_ERR_PAYLOAD', '__proto__'))
    const target = JSON.parse('{"type":"repository","id":5,"__proto__":{"id":6}}') as object
    assert.deepEqual(make({ target }).targets, ['{"type":"repository","id":5}'])
    assert.equal(({} as { polluted?: unknown }).polluted, undefined)
  })

  test('is made with an action that throws when it is read', () => {
    class Event {
      readonly n = 1
      get action(): string {
        throw new Error('no')
      }
    }
    assert.deepEqual([make({ payload: new Event() }).json], ['{"n":1}'])
  })

  const proxy = new Proxy(
    {},
    {
      get() {
        throw new Error('trap')
      },
    },
  )
  const bad: [what: string, over: object, code: HelveErrorCode, named: RegExp][] = [
    ['a null target', { target: null }, 'HELVE_ERR_OPTION', /^target: expected/],
    ['a proxy for a target', { target: proxy }, 'HELVE_ERR_OPTION', /^target: expected/],
    [
      'a target whose id is a text',
      { target: { type: 'a', id: '5' } },
      'HELVE_ERR_OPTION',
      /^target/,
    ],
    [
      'a type with a lone surrogate',
      { target: { type: '\ud800', id: 5 } },
      'HELVE_ERR_OPTION',
      /^target/,
    ],
    [
      'a hole for a target',
      { target: undefined, targets: Array(1) },
      'HELVE_ERR_OPTION',
      /^target: /,
    ],
    [
      'targets that are no array',
      { target: undefined, targets: REPOSITORY },
      'HELVE_ERR_OPTION',
      /^targets: /,
    ],
    [
      '101 targets',
      { target: undefined, targets: Array.from({ length: 101 }, () => REPOSITORY) },
      'HELVE_ERR_OPTION',
      /^targets: expected 1 to 100/,
    ],
    [
      'an action of 1 MB',
      { action: 'x'.repeat(1_000_000) },
      'HELVE_ERR_OPTION',
      /^action: .{1,200}$/,
    ],
    [
      'a payload that is a Date',
      { payload: new Date() },
      'HELVE_ERR_OPTION',
      /^payload: expected an object/,
    ],
    [
      'a payload that becomes an array',
      { payload: { toJSON: () => [1] } },
      'HELVE_ERR_OPTION',
      /^payload: /,
    ],
    [
      'a payload that becomes nothing',
      { payload: { toJSON: () => undefined } },
      'HELVE_ERR_PAYLOAD',
      /^payload: /,
    ],
    [
      'a toJSON that throws',
      { payload: { toJSON: () => assert.fail('no') } },
      'HELVE_ERR_PAYLOAD',
      /^payload: .*no/,
    ],
    [
      'a getter that throws',
      {
        payload: Object.defineProperty({}, 'n', { enumerable: true, get: () => assert.fail('no') }),
      },
      'HELVE_ERR_PAYLOAD',
      /^payload: /,
    ],
    ['a proxy for a payload', { payload: proxy }, 'HELVE_ERR_PAYLOAD', /^payload: .*trap/],
    ['a cycle', { payload: cycle() }, 'HELVE_ERR_PAYLOAD', /^payload: .*cycle/],
    ['a payload of bytes', { payload: Buffer.from('{}') }, 'HELVE_ERR_PAYLOAD', /^payload: /],
    [
      'no payload',
      { payload: undefined },
      'HELVE_ERR_OPTION',
      /^payload: expected an object, got undefined/,
    ],
  ]
  for (const [what, over, code, named] of bad) {
    test(`is refused with ${what}`, () => {
      assert.throws(() => make(over), refusal(code, named))
    })
  }

  for (const event of ['', ' push', 'a\r\nb', '\ud800', 'é', 'x'.repeat(101)]) {
    test(`is refused with the event ${JSON.stringify(event).slice(0, 20)}`, () => {
      assert.throws(() => make({}, event), refusal('HELVE_ERR_OPTION', /^event: expected/))
    })
  }
})

function cycle(): object {
  const self: Record<string, unknown> = {}
  self['self'] = self
  return self
}
