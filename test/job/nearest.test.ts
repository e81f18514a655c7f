import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { misspelt, nearest } from '../../src/job/nearest.ts'

const names = ['enqueued', 'started', 'completed', 'thread:up', 'thread:down']

describe('the name that was meant', () => {
  const cases: [name: string, meant: string | undefined][] = [
    ['complete', 'completed'],
    ['compelted', 'completed'],
    ['Started', 'started'],
    ['threadup', 'thread:up'],
    ['thread-down', 'thread:down'],
    ['whatever', undefined],
    ['', undefined],
  ]
  for (const [name, meant] of cases) {
    test(`by ${JSON.stringify(name)}`, () => assert.equal(nearest(name, names), meant))
  }
})

test('a message lists at most 20 expected names', () => {
  const many = Array.from({ length: 30 }, (_, n) => `kind${n}`)
  assert.match(misspelt('x', many), /^expected one of kind0, .*, kind19 and 10 more, got "x"$/)
  assert.equal(misspelt('x', []), 'expected none, got "x"')
  assert.equal(misspelt(5, ['a']), 'expected one of a, got 5')
})
