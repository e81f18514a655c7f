import assert from 'node:assert/strict'
import { after, before, describe, test, type TestContext } from 'node:test'
import type { ClaimedJob } from '../../src/job/job.ts'
import {
  completed,
  Lane,
  openLane,
  type LaneOptions,
  type StartOptions,
} from '../support/pool/lane.ts'
import { WAITS, type Wait } from '../support/pool/stalls.ts'

async function stalled({ recorder }: Lane, times: number): Promise<void> {
  await recorder.until(() => recorder.stalls.length >= times, `stall ${times}`)
}

function told({ recorder }: Lane, event: string): number {
  return recorder.told.filter((line) => line.startsWith(event)).length
}

async function resumed(lane: Lane, times: number): Promise<void> {
  await lane.recorder.until(() => told(lane, 'resumed') >= times, `${times} threads that go on`)
}

async function ends(lane: Lane, ...jobs: ClaimedJob[]): Promise<string[]> {
  const outcomes = await Promise.all(jobs.map((job) => lane.recorder.outcome(job)))
  return outcomes.map(({ type }) => type)
}

/** Starts a job that holds its event loop until it is released; waits until the stall is told. */
async function stall(lane: Lane, after: Wait = 'nothing', options?: StartOptions) {
  const times = lane.recorder.stalls.length + 1
  const culprit = await lane.hold(options, 'stall', { after })
  await stalled(lane, times)
  return { culprit, ...lane.recorder.stalls.at(-1)! }
}

describe('the job that holds the event loop of its thread is named', () => {
  const lane = new Lane({ concurrency: 4 })
  before(() => lane.pool.ready())
  after(() => lane.close())

  for (const wait of Object.keys(WAITS) as Wait[]) {
    test(`after it has waited for: ${wait}`, async () => {
      await lane.worksOn()
      const before = lane.recorder.stalls.length
      const neighbours = [await lane.hold(), await lane.hold({}, 'tick')]
      const { culprit, job, heldMs } = await stall(lane, wait)
      assert.equal(job, culprit)
      assert.ok(heldMs >= 60)
      lane.release(culprit, ...neighbours)
      const types = await ends(lane, culprit, ...neighbours)
      assert.deepEqual(types, ['completed', 'completed', 'completed'])
      assert.equal(lane.recorder.stalls.length, before + 1)
      assert.equal(told(lane, 'resumed'), before + 1)
      await lane.worksOn()
    })
  }

  test('also when code of another job has run within its own', async () => {
    await lane.run('shareResource')
    const times = lane.recorder.stalls.length + 1
    const culprit = await lane.hold({}, 'stallAroundAnother')
    await stalled(lane, times)
    assert.equal(lane.recorder.stalls.at(-1)!.job, culprit)
    lane.release(culprit)
    assert.deepEqual(await ends(lane, culprit), ['completed'])
  })

  test('no job is named when the job that left the stall behind is over', async () => {
    await lane.worksOn()
    const times = lane.recorder.stalls.length + 1
    const neighbour = await lane.hold()
    const gone = lane.start('leaveStall')
    await stalled(lane, times)
    assert.equal(lane.recorder.stalls.at(-1)!.job, undefined)
    lane.release(gone, neighbour)
    assert.deepEqual(await ends(lane, gone, neighbour), ['completed', 'completed'])
    await lane.worksOn()
  })
})

describe('a stalled thread', () => {
  test('I7: is replaced, and jobs that it has not started run on another thread', async (t) => {
    const lane = await openLane(t, { concurrency: 4 })
    await lane.worksOn()
    const neighbour = await lane.hold()
    const culprit = await lane.hold({}, 'stall', { after: 'nothing' })
    // The lane does not know of the stall yet.
    const handed = lane.start('thread')
    const other = completed(await lane.recorder.outcome(handed))
    const { thread } = lane.recorder.stalls[0]!
    assert.notEqual(other, thread)
    await lane.worksOn()
    assert.equal(await lane.thread(), other)
    assert.deepEqual(
      [culprit, neighbour, handed].map(({ id }) => lane.pool.isStalled(id)),
      [true, true, false],
    )
    assert.ok(!lane.recorder.outcomes.has(culprit))

    lane.release(culprit)
    assert.deepEqual(await ends(lane, culprit), ['completed'])
    await resumed(lane, 1)
    assert.equal(lane.pool.isStalled(neighbour.id), false)
    lane.release(neighbour)
    assert.deepEqual(await ends(lane, neighbour), ['completed'])
    await lane.worksOn()
    assert.equal(lane.recorder.stalls.length, 1)
    assert.deepEqual(lane.downs, [])
  })

  test('that does not start the job it is given is ended', async (t) => {
    const lane = await openLane(t, { concurrency: 2, logLevel: 10 })
    const thread = await lane.thread()
    await lane.run('leaveStall')
    const holds = (): boolean => lane.recorder.lines.some(({ message }) => message === 'holds')
    await lane.recorder.until(holds, 'what is left behind')
    assert.equal(lane.recorder.stalls.length, 0)
    // Nobody will ever release what the first job has left behind.
    assert.notEqual(await lane.thread(), thread)
    assert.equal(lane.recorder.stalls[0]!.job, undefined)
    await lane.worksOn()
  })

  test('is not replaced when four others have been, until one of the four has ended', async (t) => {
    const lane = await openLane(t, { concurrency: 2 })
    const stalls = []
    for (let n = 0; n < 5; n += 1) stalls.push(await stall(lane))
    assert.equal(lane.pool.free, 0)
    const [first, ...others] = stalls.map(({ culprit }) => culprit)
    lane.release(first!)
    assert.deepEqual(await ends(lane, first!), ['completed'])
    await lane.worksOn()
    lane.release(...others)
    assert.deepEqual(new Set(await ends(lane, ...others)), new Set(['completed']))
    await lane.worksOn()
  })

  test('that has not been replaced takes jobs again when it goes on', async (t) => {
    const lane = await openLane(t, { concurrency: 2 })
    const stalls = []
    for (let n = 0; n < 5; n += 1) stalls.push(await stall(lane))
    const last = stalls.at(-1)!
    lane.release(last.culprit)
    assert.equal(await lane.thread(), last.thread)
    lane.release(...stalls.map(({ culprit }) => culprit))
    await ends(lane, ...stalls.map(({ culprit }) => culprit))
    await lane.worksOn()
  })

  test('is killed when its job is past its timeout, and the other jobs in it are released', async (t) => {
    const lane = await openLane(t, { concurrency: 4 })
    const neighbour = await lane.hold()
    const { culprit, thread } = await stall(lane, 'timer', { timeout: 1_500, grace: 50 })
    assert.deepEqual(await ends(lane, culprit, neighbour), ['timedOut', 'released'])
    assert.match(lane.downs[0]!, new RegExp(`^down ${thread}: `))
    await lane.worksOn()
    assert.equal(told(lane, 'resumed'), 0)
  })

  test('is interrupted with the other threads', async (t) => {
    const lane = await openLane(t, { concurrency: 2 })
    const { culprit } = await stall(lane, 'nothing', { grace: 30 })
    lane.pool.interrupt(false)
    assert.deepEqual(await ends(lane, culprit), ['released'])
    await lane.worksOn()
  })

  test('that is leaving a smaller lane is reported, and not replaced', async (t) => {
    const lane = await openLane(t, { threads: 2, concurrency: 2 })
    await lane.worksOn()
    const culprits = [
      await lane.hold({}, 'stall', { after: 'nothing' }),
      await lane.hold({}, 'stall', { after: 'nothing' }),
    ]
    lane.pool.resize(1)
    await stalled(lane, 2)
    assert.deepEqual(new Set(lane.recorder.stalls.map(({ job }) => job)), new Set(culprits))
    await lane.worksOn(2)
    lane.release(...culprits)
    await ends(lane, ...culprits)
    await lane.worksOn(2)
  })
})

describe('no stall is reported for', () => {
  const quiet = async (t: TestContext, options: LaneOptions) => {
    const lane = await openLane(t, options)
    await lane.worksOn()
    t.after(() => assert.deepEqual(lane.recorder.stalls, []))
    return lane
  }

  test('a main thread that is held up', async (t) => {
    const lane = await quiet(t, { concurrency: 4 })
    const ticks = await lane.hold({}, 'tick')
    const short = [lane.start('echo'), lane.start('failsAfter', { ms: 50 })]
    Atomics.wait(lane.cells, 0, 0, 400)
    assert.deepEqual(await ends(lane, ...short), ['completed', 'failed'])
    await lane.run('failsAfter', { ms: 200 })
    lane.release(ticks)
    await lane.worksOn()
  })

  test('a thread that is idle, or boots', async (t) => {
    const lane = await quiet(t, { concurrency: 2, config: { slowSetup: 300 } })
    await lane.run('failsAfter', { ms: 1 })
    Atomics.wait(lane.cells, 0, 0, 150)
    await lane.worksOn()
  })

  test('computing in a lane whose threads run one job at a time', async (t) => {
    const lane = await quiet(t, {})
    await lane.run('holdFor', { ms: 300 })
  })
})
