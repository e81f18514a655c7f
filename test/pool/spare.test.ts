import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { completed, openLane } from '../support/pool/lane.ts'

/** A lane with two threads left, and two jobs of kinds that have ended the other threads. */
async function withHeldBack(t: TestContext, config: { setups: number; throws?: boolean }) {
  const lane = await openLane(t, { threads: 2, spare: true, config })
  assert.equal((await lane.run('exit', { code: 7 })).type, 'lost')
  assert.equal((await lane.run('quick', { does: 'exit' })).type, 'lost')
  await lane.recorder.until(() => lane.pool.free === 2, 'the last two threads')
  // The lane gets both jobs before it gives a thread to either job.
  const ended = lane.start('exit', { code: 7 })
  const heldBack = lane.start('quick', { does: 'exit' })
  return { lane, ended, heldBack }
}

describe('I7: a lane of threads with a spare one', () => {
  test('lets one kind take all threads, and another kind the spare', async (t) => {
    const lane = await openLane(t, { threads: 2, spare: true })
    const jobs = [await lane.hold(), await lane.hold()]
    assert.deepEqual([lane.pool.free, lane.pool.reserve, lane.room('hold')], [0, 1, 0])
    assert.deepEqual(lane.pool.roomFor('echo', 2), { room: 1, reserve: 1 })
    for (let n = 0; n < 3; n += 1) assert.equal(completed(await lane.run('echo', { n })), n)
    lane.release(...jobs)
    for (const job of jobs) completed(await lane.recorder.outcome(job))
  })

  test('keeps any thread that comes free as the next spare', async (t) => {
    const lane = await openLane(t, { threads: 1, spare: true })
    const first = await lane.hold()
    const other = await lane.hold({}, 'holdAndFail')
    assert.deepEqual([lane.pool.free, lane.pool.reserve, lane.room('echo')], [0, 0, 0])
    lane.release(first)
    completed(await lane.recorder.outcome(first))
    await lane.recorder.until(() => lane.pool.reserve === 1, 'a spare')
    assert.deepEqual([lane.pool.free, lane.room('holdAndFail'), lane.room('hold')], [0, 0, 1])
    lane.release(other)
    await lane.recorder.outcome(other)
    await lane.recorder.until(() => lane.pool.free === 1, 'a thread for all')
  })

  test('gives no kind more threads than it may have', async (t) => {
    const lane = await openLane(t, { threads: 2, spare: true })
    assert.deepEqual(lane.pool.roomFor('hold', 1), { room: 1, reserve: 1 })
    const job = await lane.hold({ most: 1 })
    assert.deepEqual(lane.pool.roomFor('hold', 1), { room: 0, reserve: 0 })
    lane.release(job)
    await lane.recorder.outcome(job)
  })

  test('keeps its spare when it grows and shrinks', async (t) => {
    const lane = await openLane(t, { threads: 1, spare: true })
    const jobs = [await lane.hold()]
    lane.pool.resize(2)
    jobs.push(await lane.hold())
    assert.equal(lane.room('hold'), 0)
    await lane.recorder.until(() => lane.pool.reserve === 1, 'the spare')
    lane.pool.resize(1)
    assert.deepEqual([lane.pool.free, lane.pool.reserve, lane.room('echo')], [0, 0, 0])
    lane.release(jobs[0]!)
    await lane.recorder.outcome(jobs[0]!)
    await lane.recorder.until(() => lane.pool.reserve === 1, 'the spare')
    lane.release(jobs[1]!)
    await lane.recorder.outcome(jobs[1]!)
    await lane.recorder.until(() => lane.pool.free === 1, 'a thread for all')
  })

  test('uses the spare in the place of a thread that has ended, before a new one is up', async (t) => {
    const lane = await openLane(t, { threads: 2, spare: true, config: { setups: 3 } })
    const held = await lane.hold()
    assert.equal((await lane.run('exit', { code: 7 })).type, 'lost')
    // No thread that is started now will ever be up.
    const other = await lane.hold()
    assert.deepEqual([lane.pool.free, lane.pool.reserve], [0, 0])
    lane.release(held, other)
    for (const job of [held, other]) completed(await lane.recorder.outcome(job))
  })

  test('keeps its last thread from the kind that ended the other threads', async (t) => {
    const lane = await openLane(t, { threads: 3, spare: true, config: { setups: 4 } })
    for (let n = 0; n < 3; n += 1) {
      assert.equal((await lane.run('exit', { code: 7 })).type, 'lost')
    }
    await lane.recorder.until(() => lane.pool.free === 1, 'the last thread')
    assert.equal(lane.room('exit'), 0)
    for (let n = 0; n < 3; n += 1) assert.equal(completed(await lane.run('echo', { n })), n)
  })

  test('keeps its last thread from several kinds that end threads', async (t) => {
    const { lane, ended, heldBack } = await withHeldBack(t, { setups: 4 })
    assert.equal((await lane.recorder.outcome(ended)).type, 'lost')
    assert.equal(lane.room('quick'), 0)
    for (let n = 0; n < 3; n += 1) assert.equal(completed(await lane.run('echo', { n })), n)
    assert.equal(lane.recorder.outcomes.has(heldBack), false)
  })

  test('keeps its last thread from a kind whose timeout ended the other threads', async (t) => {
    const lane = await openLane(t, { threads: 1, spare: true, config: { setups: 2 } })
    const { type } = await lane.run('loop', {}, { timeout: 20, grace: 10 })
    assert.equal(type, 'timedOut')
    await lane.recorder.until(() => lane.pool.free === 1, 'the last thread')
    assert.equal(lane.room('loop'), 0)
    assert.equal(completed(await lane.run('echo', { n: 1 })), 1)
  })

  test('gives its last thread to a kind that was held back, where no other can be set up', async (t) => {
    const { lane, ended, heldBack } = await withHeldBack(t, { setups: 4, throws: true })
    assert.equal((await lane.recorder.outcome(ended)).type, 'lost')
    assert.equal((await lane.recorder.outcome(heldBack)).type, 'lost')
  })

  test('gives its last thread to any kind where no other thread can be set up', async (t) => {
    const config = { setups: 2, throws: true }
    const lane = await openLane(t, { threads: 1, spare: true, config })
    assert.equal((await lane.run('exit', { code: 7 })).type, 'lost')
    await lane.recorder.until(() => lane.downs.length >= 2, 'a setup that throws')
    assert.equal(lane.room('exit'), 1)
  })
})

describe('I7: a lane whose threads run many jobs', () => {
  test('keeps a slot of each thread for kinds that hold none', async (t) => {
    const lane = await openLane(t, { concurrency: 2, spare: true })
    const jobs = [await lane.hold(), await lane.hold()]
    assert.deepEqual([lane.pool.free, lane.pool.reserve, lane.room('hold')], [0, 1, 0])
    assert.deepEqual(lane.pool.roomFor('echo', 2), { room: 1, reserve: 1 })
    assert.equal(completed(await lane.run('echo', { n: 5 })), 5)
    lane.release(...jobs)
    for (const job of jobs) completed(await lane.recorder.outcome(job))
    await lane.isFree(2)
  })
})
