import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { ClaimedJob } from '../../src/job/job.ts'
import { completed, Lane, openLane } from '../support/pool/lane.ts'

async function types(lane: Lane, jobs: ClaimedJob[]): Promise<string[]> {
  const outcomes = await Promise.all(jobs.map((job) => lane.recorder.outcome(job)))
  return outcomes.map(({ type }) => type)
}

describe('a thread that runs several jobs at once', () => {
  const lane = new Lane({ concurrency: 4 })
  before(() => lane.pool.ready())
  after(() => lane.close())
  const holdSome = async (number: number, kind?: string): Promise<ClaimedJob[]> => {
    await lane.worksOn()
    return Promise.all(Array.from({ length: number }, () => lane.hold({}, kind)))
  }

  test('all jobs run, and end in any order', async () => {
    const jobs = await holdSome(4)
    assert.equal(lane.pool.free, 0)
    for (const job of [2, 0, 3, 1].map((index) => jobs[index]!)) {
      lane.release(job)
      assert.equal(completed(await lane.recorder.outcome(job)), 'released')
    }
    const settled = lane.recorder.told.filter((line) => line.startsWith('settled')).slice(-4)
    assert.deepEqual(
      settled,
      [2, 0, 3, 1].map((index) => `settled ${jobs[index]!.id}`),
    )
    await lane.worksOn()
  })

  test('a run that ends at its abort leaves its neighbours alone', async () => {
    const neighbours = await holdSome(2)
    const outcome = await lane.run('failsAtItsSignal', {}, { timeout: 30, grace: 60_000 })
    assert.equal(outcome.type, 'timedOut')
    assert.deepEqual(
      neighbours.map((job) => lane.recorder.outcomes.has(job)),
      [false, false],
    )
    lane.release(...neighbours)
    assert.deepEqual(await types(lane, neighbours), ['completed', 'completed'])
  })

  test('I6: the killing of one run releases its neighbours', async () => {
    const neighbours = await holdSome(2)
    const culprit = lane.start('never', {}, { timeout: 50, grace: 20 })
    let free: number | undefined
    lane.recorder.onDown = () => (free = lane.pool.free)
    assert.deepEqual(await lane.recorder.outcome(culprit), { type: 'timedOut', timeout: 50 })
    for (const job of neighbours) {
      const reason = `its thread was killed because of job ${culprit.id}`
      assert.deepEqual(await lane.recorder.outcome(job), { type: 'released', reason })
    }
    // The lane hands no job to a thread that is being killed.
    assert.equal(free, 0)
    await lane.worksOn()
  })

  test('a crash of the thread makes all runs on it lost', async () => {
    const neighbours = await holdSome(3)
    const culprit = lane.start('exit', { code: 1 })
    assert.deepEqual(await types(lane, [culprit, ...neighbours]), ['lost', 'lost', 'lost', 'lost'])
    await lane.worksOn()
  })

  test('an interrupt ends willing runs at once, and the others with the thread', async () => {
    const unwilling = await Promise.all([lane.hold({ grace: 1_500 }), lane.hold({ grace: 1_500 })])
    const willing = await lane.hold({ grace: 1_500 }, 'failsAtItsSignal')
    lane.pool.interrupt(false)
    assert.equal((await lane.recorder.outcome(willing)).type, 'released')
    assert.deepEqual(
      unwilling.map((job) => lane.recorder.outcomes.has(job)),
      [false, false],
    )
    assert.deepEqual(await types(lane, unwilling), ['released', 'released'])
    await lane.worksOn()
  })

  test('two runs that have to be killed both end as timed out', async () => {
    await lane.worksOn()
    const terms = { timeout: 40, grace: 20 }
    const jobs = [lane.start('never', {}, terms), lane.start('never', {}, terms)]
    assert.deepEqual(await types(lane, jobs), ['timedOut', 'timedOut'])
    await lane.worksOn()
  })
})

describe('a job under which a thread has died before runs alone', () => {
  test('in a thread of its own, whose end costs no other job anything', async (t) => {
    const lane = await openLane(t, { concurrency: 4 })
    const neighbours = await Promise.all([lane.hold(), lane.hold()])
    const thread = await lane.thread()
    const alone = await lane.thread({ crashes: 1 })
    assert.notEqual(alone, thread)
    assert.equal((await lane.run('exit', { code: 1 }, { crashes: 2 })).type, 'lost')
    const timedOut = await lane.run('loop', {}, { crashes: 1, timeout: 30, grace: 10 })
    assert.equal(timedOut.type, 'timedOut')
    lane.release(...neighbours)
    assert.deepEqual(await types(lane, neighbours), ['completed', 'completed'])
    await lane.worksOn()
  })

  test('many such jobs wait for each other, and take up room while they wait', async (t) => {
    const lane = await openLane(t, { concurrency: 6 })
    await lane.worksOn()
    const jobs = Array.from({ length: 4 }, () => lane.start('hold', {}, { crashes: 1 }))
    assert.ok(lane.pool.free < 6)
    for (const job of jobs) {
      await lane.recorder.firstProgress(job)
      lane.release(job)
    }
    assert.deepEqual(await types(lane, jobs), ['completed', 'completed', 'completed', 'completed'])
    await lane.worksOn()
  })

  test('an interrupt releases the waiting jobs, too', async (t) => {
    const lane = await openLane(t, { concurrency: 6 })
    await lane.worksOn()
    const terms = { crashes: 1, grace: 20 }
    const jobs = Array.from({ length: 4 }, () => lane.start('hold', {}, terms))
    lane.pool.interrupt(false)
    assert.deepEqual(await types(lane, jobs), ['released', 'released', 'released', 'released'])
    await lane.worksOn()
  })
})
