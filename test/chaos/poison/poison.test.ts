import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { JobRecord } from '../../../src/index.ts'
import { SEED } from '../part.ts'
import { assertRight, isHarmed, type Fate } from './judge.ts'
import { run, share } from './poison.ts'

test('I7: poisonous handlers harm no other job, and the capacity comes back', async () => {
  const figures = await run({ seed: SEED, ...share })
  assert.ok(Number(figures['poisonous jobs']) > 5)
  assert.ok(Number(figures['healthy jobs beside them']) > 50)
  assert.ok(Number(figures['threads ended']) > share.exits)
})

function fate(over: Partial<Fate>): Fate {
  return { kind: 'one:echo', end: undefined, n: 7, completed: [], lost: 0, released: 0, ...over }
}

describe('the judge of poison', () => {
  const good = { result: 7, attempt: 1 }
  const harmed: [what: string, completed: Fate['completed']][] = [
    ['has never completed', []],
    ['has completed twice', [good, good]],
    ['has another result', [{ result: 8, attempt: 1 }]],
    ['was charged for another job', [{ result: 7, attempt: 2 }]],
  ]
  for (const [what, completed] of harmed) {
    test(`a healthy job that ${what} counts as harmed`, () => {
      assert.equal(isHarmed(fate({ completed })), true)
    })
  }

  test('a healthy job that was lost and has run again counts as unharmed', () => {
    assert.equal(isHarmed(fate({ completed: [good], lost: 1, released: 2 })), false)
  })

  const failed = { type: 'failed', name: 'TypeError', message: /^no such/ } as const
  const lost = { type: 'lost', reason: /code 7$/ } as const
  const timedOut = { type: 'timedOut' } as const
  const error = (name: string, message: string) => ({ name, message, at: 0, attempt: 1 })
  const dead = { state: 'dead', attempts: 1, crashes: 0 } as const
  const RIGHT: [fate: Fate, record: Partial<JobRecord> | undefined][] = [
    [fate({ end: { type: 'completed' }, completed: [good] }), undefined],
    [fate({ end: failed }), { ...dead, errors: [error('TypeError', 'no such repository')] }],
    [
      fate({ end: lost }),
      { ...dead, attempts: 0, crashes: 3, errors: [error('LostError', 'code 7')] },
    ],
    [
      fate({ end: timedOut, lost: 1 }),
      { ...dead, crashes: 1, errors: [error('TimeoutError', 'ran longer than 60 ms')] },
    ],
  ]
  for (const [one, record] of RIGHT) {
    test(`accepts only the right record of a poisonous job that is ${one.end!.type}`, () => {
      assertRight(one, record as JobRecord | undefined)
      const others = RIGHT.filter(([other]) => other !== one)
      for (const [, other] of others) assert.throws(() => assertRight(one, other as JobRecord))
      if (record === undefined) return
      for (const wrong of [{ state: 'queued' }, { attempts: 2 }, { crashes: 2 }]) {
        assert.throws(() => assertRight(one, { ...record, ...wrong } as JobRecord))
      }
    })
  }
})
