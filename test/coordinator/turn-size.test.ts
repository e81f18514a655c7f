import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MOST_ROWS, TurnSize } from '../../src/coordinator/turn-size.ts'

test('I9: turns get smaller while they hold the loop for too long, down to 64 rows', () => {
  const size = new TurnSize(4)
  assert.equal(size.rows, MOST_ROWS)
  size.learn(8)
  assert.equal(size.rows, MOST_ROWS / 2)
  for (let turn = 0; turn < 20; turn += 1) size.learn(100)
  assert.equal(size.rows, 64)
})

test('turns get larger again while they hold the loop for less, up to the most rows', () => {
  const size = new TurnSize(4)
  size.learn(400)
  const small = size.rows
  size.learn(4)
  assert.ok(size.rows > small)
  for (let turn = 0; turn < 100; turn += 1) size.learn(1)
  assert.equal(size.rows, MOST_ROWS)
})
