import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Outcome } from '../../src/job/outcome.ts'
import { Releases } from '../../src/pool/releases.ts'
import { claimedJob } from '../support/pool/claimed-job.ts'

const RELEASED: Outcome = { type: 'released', reason: 'its thread was killed because of job 2' }
const COMPLETED: Outcome = { type: 'completed', result: undefined, followUps: [], deliveries: [] }

function delays(releases: Releases, id: number, times: number): unknown[] {
  return Array.from({ length: times }, () => {
    const outcome = releases.after(claimedJob(id), RELEASED)
    return outcome.type === 'released' ? outcome.delay : outcome.type
  })
}

test('a job that is released again and again pauses, longer each time', () => {
  const releases = new Releases()
  const pauses = [1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]
  assert.deepEqual(delays(releases, 1, 11), [undefined, undefined, undefined, ...pauses])
  assert.deepEqual(delays(releases, 2, 1), [undefined])
})

test('any other outcome starts the count anew, and a release with a delay is left as it is', () => {
  const releases = new Releases()
  delays(releases, 1, 5)
  assert.equal(releases.after(claimedJob(1), COMPLETED), COMPLETED)
  assert.deepEqual(delays(releases, 1, 3), [undefined, undefined, undefined])
  const delayed: Outcome = { ...RELEASED, delay: 10 }
  assert.equal(releases.after(claimedJob(1), delayed), delayed)
  assert.deepEqual(delays(releases, 1, 1), [undefined])
})

test('only the releases of the latest 1,000 jobs are remembered', () => {
  const releases = new Releases()
  delays(releases, 1, 3)
  for (let id = 2; id <= 1_001; id += 1) delays(releases, id, 3)
  assert.deepEqual(delays(releases, 1, 1), [undefined])
  assert.deepEqual(delays(releases, 1_001, 1), [1_000])
})
