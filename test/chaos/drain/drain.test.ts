import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SEED } from '../part.ts'
import { run, share } from './drain.ts'
import { judgeRows } from './judge.ts'
import { Ledger } from './ledger.ts'

test('I1, I2, I6: SIGTERM ends a process under load, and costs no job anything', async () => {
  const figures = await run({ seed: SEED, ...share })
  assert.ok(Number(figures['ended with code 0']) > 5)
  assert.ok(Number(figures['ended at once by a second signal']) > 0)
  assert.ok(Number(figures['jobs acknowledged']) > 100)
})

describe('the judge of a drain', () => {
  const ledger = (): Ledger => {
    const made = new Ledger()
    for (const id of [1, 2, 3]) made.acks.add(id)
    made.ended.add(1)
    made.failures.set(2, 1)
    return made
  }
  const row = { state: 'queued', attempts: 0, crashes: 0, errors: '[]' }
  const rows = [
    { ...row, id: 2, attempts: 1 },
    { ...row, id: 3 },
  ]
  const wrong: [what: string, rows: typeof rows, expected: RegExp][] = [
    ['a job that is lost', [rows[0]!], /acknowledged, and lost/],
    ['a job that still runs', [rows[0]!, { ...rows[1]!, state: 'running' }], /still running/],
    ['an attempt that the end costs', [rows[0]!, { ...rows[1]!, attempts: 1 }], /failed 0 times/],
    ['a crash that the end costs', [rows[0]!, { ...rows[1]!, crashes: 1 }], /crashed/],
  ]
  test('accepts a process that has ended in order', () => {
    assert.equal(judgeRows(rows, ledger()).acknowledged, 3)
  })
  for (const [what, found, expected] of wrong) {
    test(`finds ${what}`, () => assert.throws(() => judgeRows(found, ledger()), expected))
  }
  test('finds an error that nobody expected', () => {
    const made = ledger()
    made.errors.push('error turn: something')
    assert.throws(() => judgeRows(rows, made), /something/)
  })
})
