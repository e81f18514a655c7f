import assert from 'node:assert/strict'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { completed, failed, Lane, openLane } from '../support/pool/lane.ts'

const TIMED_OUT = { type: 'timedOut', timeout: 30 }
const RELEASED = { type: 'released', reason: 'the runtime stopped' }

describe('a run that ends at its abort keeps its thread', () => {
  const lane = new Lane()
  before(() => lane.pool.ready())
  after(() => lane.close())
  const patient = { timeout: 30, grace: 60_000 }

  test('when it ends by its signal', async () => {
    const thread = await lane.thread()
    assert.deepEqual(await lane.run('failsAtItsSignal', {}, patient), TIMED_OUT)
    assert.equal(await lane.thread(), thread)
  })

  test('when it ends by its flag, inside a synchronous loop', async () => {
    const thread = await lane.thread()
    assert.deepEqual(await lane.run('failsAtItsFlag', {}, patient), TIMED_OUT)
    assert.equal(await lane.thread(), thread)
  })

  test('a run that completes at its signal is completed', async () => {
    const outcome = await lane.run('completesAtItsSignal', {}, patient)
    assert.equal(completed(outcome), 'as far as it came')
  })

  test('when an interrupt ends it, and releases it', async () => {
    const thread = await lane.thread()
    for (const kind of ['failsAtItsSignal', 'failsAtItsFlag']) {
      const job = await lane.hold({ grace: 60_000 }, kind)
      lane.pool.interrupt(false)
      assert.deepEqual(await lane.recorder.outcome(job), RELEASED)
    }
    const job = await lane.hold({ grace: 60_000 }, 'completesAtItsSignal')
    lane.pool.interrupt(false)
    assert.equal(completed(await lane.recorder.outcome(job)), 'as far as it came')
    assert.equal(await lane.thread(), thread)
  })

  test('the slot of an aborted run can be used again', async () => {
    await lane.run('failsAtItsFlag', {}, patient)
    const job = await lane.hold()
    lane.release(job)
    assert.equal(completed(await lane.recorder.outcome(job)), 'released')
    await lane.worksOn()
    assert.deepEqual(lane.downs, [])
  })
})

describe('a run that does not end at its abort is killed after its grace', () => {
  const lane = new Lane()
  before(() => lane.pool.ready())
  after(() => lane.close())

  test('I3: its key and slot are free when the thread has stopped, and not before', async (t) => {
    const file = join(await temporaryFolder(t), 'done')
    // The child process cannot be interrupted: the thread stops when the child is done.
    const job = await lane.hold({ timeout: 100, grace: 50 }, 'command', { file })
    const before = lane.downs.length
    const seen: unknown[] = []
    lane.recorder.onSettled = () => seen.push(existsSync(file), lane.downs.length - before)
    assert.equal((await lane.recorder.outcome(job)).type, 'timedOut')
    lane.recorder.onSettled = undefined
    assert.deepEqual(seen, [true, 1])
    await lane.worksOn()
  })

  test('an interrupt kills the run, too, and releases it', async () => {
    const thread = await lane.thread()
    const job = await lane.hold({ grace: 30 }, 'block')
    lane.pool.interrupt(false)
    assert.deepEqual(await lane.recorder.outcome(job), RELEASED)
    assert.match(lane.downs.at(-1)!, new RegExp(`^down ${thread}: `))
    await lane.worksOn()
  })

  test('a thread that dies by itself within the grace is no crash of the job', async () => {
    const terms = { timeout: 30, grace: 60_000 }
    assert.deepEqual(await lane.run('exitsAtItsSignal', {}, terms), TIMED_OUT)
    await lane.worksOn()
  })
})

describe('the time of a run', () => {
  test('begins with the run, and not with the boot of its thread', async (t) => {
    const lane = await openLane(t, { config: { slowSetup: 1_500 } })
    assert.equal(completed(await lane.run('echo', { n: 5 }, { timeout: 1_000, grace: 0 })), 5)
    assert.deepEqual(lane.downs, [])
  })

  test('is not over because the main thread was held up', async (t) => {
    const lane = await openLane(t, { concurrency: 5 })
    await lane.worksOn()
    const terms = { timeout: 1_500, grace: 0 }
    const jobs = Array.from({ length: 5 }, () => lane.start('failsAfter', { ms: 100 }, terms))
    await Promise.all(jobs.map((job) => lane.recorder.firstProgress(job)))
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2_000)
    for (const job of jobs) {
      assert.equal(failed(await lane.recorder.outcome(job)).message, 'failed by itself')
    }
    assert.deepEqual(lane.downs, [])
    await lane.worksOn()
  })
})
