import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { ClaimedJob } from '../../src/job/job.ts'
import type { Quick } from '../support/pool/handlers.ts'
import { completed, openLane, type Lane, type StartOptions } from '../support/pool/lane.ts'

/** Jobs that fit into one hand-off. No test starts more jobs in one go. */
const FIT = 25

/**
 * Runs jobs until the lane knows that the kind is quick, and hands several of its jobs over at
 * once. The number of runs depends on the machine: a run that others held up counts for a while.
 */
async function warmUp(lane: Lane, kind = 'quick'): Promise<void> {
  while (lane.pool.cost(kind) > 1 / FIT) await lane.run(kind)
}

/** Starts jobs in one go, so that they share a thread. */
function startAll(lane: Lane, payloads: Quick[], options?: StartOptions): ClaimedJob[] {
  return payloads.map((payload) => lane.start('quick', payload, options))
}

async function types(lane: Lane, jobs: ClaimedJob[]): Promise<string[]> {
  const outcomes = await Promise.all(jobs.map((job) => lane.recorder.outcome(job)))
  return outcomes.map(({ type }) => type)
}

describe('jobs that are handed over together', () => {
  test('run one after the other, and each is settled once', async (t) => {
    const lane = await openLane(t)
    await warmUp(lane)
    const jobs = startAll(
      lane,
      Array.from({ length: 20 }, (_, n) => ({ n })),
    )
    for (const [n, job] of jobs.entries()) {
      assert.equal(completed(await lane.recorder.outcome(job)), n)
    }
    await lane.worksOn()
  })

  test('I9: are settled one by one when their results are large', async (t) => {
    const lane = await openLane(t)
    await warmUp(lane)
    const jobs = startAll(
      lane,
      Array.from({ length: 10 }, () => ({ does: 'large' })),
    )
    for (const job of jobs) {
      assert.equal((completed(await lane.recorder.outcome(job)) as string).length, 300_000)
    }
    await lane.worksOn()
  })

  test('I6: the end of their thread is charged to the job that ran, and to no other', async (t) => {
    const lane = await openLane(t)
    await warmUp(lane)
    const jobs = startAll(lane, [{ n: 1 }, { does: 'exit' }, { n: 2 }, { n: 3 }])
    const [first, ...others] = await types(lane, jobs)
    // The first outcome may have been on its way when the thread ended: then the job runs again.
    assert.ok(first === 'completed' || first === 'released', first)
    assert.deepEqual(others, ['lost', 'completed', 'completed'])
    assert.equal(lane.downs.length, 1)
    await lane.worksOn()
  })

  test('I6: a timeout that kills their thread is charged to the job that ran, and to no other', async (t) => {
    const lane = await openLane(t)
    await warmUp(lane)
    const terms = { timeout: 50, grace: 20 }
    const jobs = startAll(lane, [{ does: 'loop' }, { n: 1 }, { n: 2 }], terms)
    assert.deepEqual(await types(lane, jobs), ['timedOut', 'completed', 'completed'])
    await lane.worksOn()
  })

  test('I7: a job that turns out to be slow does not hold up the others of its batch', async (t) => {
    const lane = await openLane(t, { threads: 2 })
    await warmUp(lane)
    const [slow, ...others] = startAll(lane, [
      { does: 'hold' },
      ...Array.from({ length: 10 }, (_, n) => ({ n })),
    ])
    for (const job of others) completed(await lane.recorder.outcome(job))
    assert.equal(lane.recorder.outcomes.has(slow!), false)
    lane.release(slow!)
    assert.equal(completed(await lane.recorder.outcome(slow!)), 'released')
    await lane.worksOn()
  })

  test('I7: a slow job does not hold up other kinds, where each kind leaves a thread to others', async (t) => {
    const lane = await openLane(t, { threads: 2 })
    await warmUp(lane)
    await warmUp(lane, 'echo')
    const elsewhere = await lane.hold({ most: 1 })
    const slow = lane.start('quick', { does: 'hold' }, { most: 1 })
    const others = [1, 2].map((n) => lane.start('echo', { n }, { most: 1 }))
    await lane.recorder.firstProgress(slow)
    lane.release(elsewhere)
    for (const job of others) completed(await lane.recorder.outcome(job))
    assert.equal(lane.recorder.outcomes.has(slow), false)
    lane.release(slow)
    await lane.worksOn()
  })

  test('I6: an interrupt releases the jobs of a batch that have not started', async (t) => {
    const lane = await openLane(t)
    await warmUp(lane)
    const jobs = startAll(lane, [{ does: 'hold' }, { n: 1 }, { n: 2 }], { grace: 30 })
    await lane.recorder.firstProgress(jobs[0]!)
    lane.pool.interrupt(false)
    assert.deepEqual(await types(lane, jobs), ['released', 'released', 'released'])
    await lane.worksOn()
  })

  test('a lane that shrinks finishes the batch of a thread that leaves', async (t) => {
    const lane = await openLane(t, { threads: 2 })
    await warmUp(lane)
    const jobs = startAll(lane, [{ does: 'hold' }, { n: 1 }, { does: 'hold' }, { n: 2 }])
    lane.pool.resize(1)
    for (const job of [jobs[0]!, jobs[2]!]) lane.release(job)
    for (const job of jobs) completed(await lane.recorder.outcome(job))
    assert.deepEqual(lane.downs, [])
    await lane.worksOn(1)
  })
})
