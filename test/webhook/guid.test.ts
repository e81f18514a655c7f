import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isGuid } from '../../src/job/guid.ts'
import { guidOf } from '../../src/webhook/guid.ts'

it('derives a UUID of version 8, the same one each time', () => {
  for (let i = 0; i < 200; i++) {
    const guid = guidOf(i, 'push')
    assert.match(guid, /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    assert.equal(guidOf(i, 'push'), guid)
    assert.ok(isGuid(guid))
  }
})

it('derives another UUID from other values', () => {
  const guids = [guidOf(1, 2), guidOf(2, 1), guidOf(12), guidOf('1', 2), guidOf(1, 2, {})]
  assert.equal(new Set(guids).size, guids.length)
})

it('isGuid accepts UUIDs alone', () => {
  assert.ok(isGuid('72d3162e-cc78-11e3-81ab-4c9367dc0958'))
  for (const value of ['', 'x', `${guidOf(1)}\n`, `{${guidOf(1)}}`, 1, null]) {
    assert.ok(!isGuid(value), String(value))
  }
})
