import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { completed, openLane } from '../support/pool/lane.ts'

test('a handler that closes the port of its thread does no harm to the lane', async (t) => {
  const lane = await openLane(t)
  assert.equal((await lane.run('closesItsPort')).type, 'completed')
  await lane.worksOn()
  assert.deepEqual(lane.downs, [])
})

describe('I6: a thread that cannot be started', () => {
  for (const spare of [true, false]) {
    test(`is reported, and the lane tries again${spare ? ', with a spare' : ''}`, async (t) => {
      const lane = await openLane(t, { flags: ['--no-such-flag'], spare })
      const problem = /^the thread could not be started: .*--no-such-flag/
      assert.match(lane.pool.problem!, problem)
      assert.deepEqual([lane.pool.free, lane.pool.reserve], [0, 0])
      await lane.recorder.until(() => lane.downs.length >= 4, 'more tries')
    })
  }
})

test('a thread is started with the flags of its lane', async (t) => {
  const lane = await openLane(t, { flags: ['--conditions=forge'] })
  assert.deepEqual(completed(await lane.run('execArgv')), ['--conditions=forge'])
})
