import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { completed, openLane } from './lane.ts'

describe('a thread whose port a handler has closed', () => {
  test('ends, and is replaced', async (t) => {
    const lane = await openLane(t)
    const culprit = await lane.run('closesItsPort')
    assert.equal(culprit.type, 'lost')
    await lane.recorder.until(() => lane.downs.length === 1, 'the end of the thread')
    // Whichever of them finds it first.
    assert.match(lane.downs[0]!, /has closed the port of its thread|gave no outcome of job/)
    await lane.worksOn()
  })

  test('I6: costs the job that it gives no outcome of a crash, and is replaced', async (t) => {
    const lane = await openLane(t)
    const culprit = lane.start('closesItsPortQuietly')
    const outcome = await lane.recorder.outcome(culprit)
    assert.deepEqual(outcome, {
      type: 'lost',
      reason: `the thread gave no outcome of job ${culprit.id}`,
    })
    assert.equal(lane.downs.length, 1)
    await lane.worksOn()
  })

  test('the same where many share it', async (t) => {
    const lane = await openLane(t, { concurrency: 3 })
    const neighbour = await lane.hold()
    assert.equal((await lane.run('closesItsPortQuietly')).type, 'lost')
    assert.equal((await lane.recorder.outcome(neighbour)).type, 'lost')
    await lane.worksOn()
  })
})

describe('I6: a thread that cannot be started', () => {
  for (const spare of [true, false]) {
    test(`is told of, and tried again${spare ? ', with a spare' : ''}`, async (t) => {
      const lane = await openLane(t, { flags: ['--no-such-flag'], spare })
      const problem = /^the thread could not be started: .*--no-such-flag/
      assert.match(lane.pool.problem!, problem)
      assert.deepEqual([lane.pool.free, lane.pool.reserve], [0, 0])
      await lane.recorder.until(() => lane.downs.length >= 4, 'more tries')
    })
  }
})

test('flags are what a thread is started with', async (t) => {
  const lane = await openLane(t, { flags: ['--conditions=forge'] })
  assert.deepEqual(completed(await lane.run('execArgv')), ['--conditions=forge'])
})
