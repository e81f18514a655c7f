import assert from 'node:assert/strict'
import type { End } from './report.ts'

/**
 * I2: every job that was accepted has ended or is in the file, and the file is whole.
 *
 * @throws on anything else, and on events that must not happen
 */
export function judgeEnd({ counted, rows, check, unexpected }: End): void {
  assert.deepEqual(unexpected, [])
  assert.deepEqual(check, { ok: true, problems: [] })
  assert.equal(rows.running, 0, 'still running')
  const { acknowledged, followUps, created, completed, removed } = counted
  assert.equal(created, acknowledged + followUps, 'new jobs: told, and acknowledged or enqueued')
  const left = rows.queued + rows.dead
  assert.equal(completed + removed + left, created, 'jobs: ended or in the file, and accepted')
  const died = counted.dead + counted.cancelled - counted.revived
  assert.equal(removed + rows.dead, died, 'dead jobs: deleted or in the file, and told')
}
