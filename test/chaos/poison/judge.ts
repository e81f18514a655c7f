import assert from 'node:assert/strict'
import type { JobRecord } from '../../../src/index.ts'
import { TIMEOUT, type End } from '../../support/pool/poisons.ts'

/** A job, and what became of it. */
export interface Fate {
  kind: string
  /** How the job has to end; undefined for a healthy job, which returns its `n`. */
  end: End | undefined
  n: number
  /** The events by which the job was told to have completed. */
  completed: { result: unknown; attempt: number }[]
  /** How often the thread died under the job, or was killed because of another job. */
  lost: number
  released: number
}

/** Whether other jobs have harmed a healthy job: it has to complete once, at its first attempt. */
export function isHarmed({ n, completed }: Fate): boolean {
  const [one, ...others] = completed
  return !one || others.length > 0 || one.result !== n || one.attempt !== 1
}

/** Asserts that a poisonous job is in the right state, for the right reason, at the right cost. */
export function assertRight(fate: Fate, record: JobRecord | undefined): void {
  const { end, kind } = fate
  assert.ok(end)
  if (end.type === 'completed') {
    assert.equal(fate.completed.length, 1, `${kind}: ${JSON.stringify(record)}`)
    return assert.equal(record, undefined, kind)
  }
  assert.equal(record?.state, 'dead', kind)
  const [name, message] = error(end)
  assert.equal(record.errors.at(-1)?.name, name, kind)
  // Its thread may also have died of another job, even the last time.
  assert.ok(
    record.errors.some((one) => message.test(one.message)),
    kind,
  )
  const cost = end.type === 'lost' ? [0, 3] : [1, fate.lost]
  assert.deepEqual([record.attempts, record.crashes], cost, kind)
}

function error(end: Exclude<End, { type: 'completed' }>): [name: string, message: RegExp] {
  if (end.type === 'lost') return ['LostError', end.reason]
  if (end.type === 'failed') return [end.name, end.message]
  return ['TimeoutError', new RegExp(`^ran longer than ${TIMEOUT} ms$`)]
}
