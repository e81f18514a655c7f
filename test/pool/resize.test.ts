import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { temporaryFolder } from '../support/folder.ts'
import { PATIENCE } from '../support/patience.ts'
import { CLOSED, CLOSINGS } from '../support/pool/handlers.ts'
import { completed, openLane } from '../support/pool/lane.ts'

describe('resize', () => {
  test('up and down interrupts no run', async (t) => {
    const lane = await openLane(t, { threads: 2 })
    const jobs = [await lane.hold(), await lane.hold()]
    assert.equal(lane.pool.free, 0)
    lane.pool.resize(1)
    assert.equal(lane.pool.free, 0)
    lane.pool.resize(3)
    jobs.push(await lane.hold(), await lane.hold())
    assert.equal(lane.pool.free, 0)
    lane.pool.resize(1)
    lane.release(...jobs)
    for (const job of jobs) {
      assert.equal(completed(await lane.recorder.outcome(job)), 'released')
    }
    await lane.worksOn(1)
    assert.deepEqual(lane.downs, [])
  })

  test('gives a kind no more threads than it may hold, whichever thread has it', async (t) => {
    const lane = await openLane(t, { threads: 2 })
    const [first, second] = [await lane.hold(), await lane.hold()]
    lane.pool.resize(1)
    lane.release(first)
    completed(await lane.recorder.outcome(first))
    assert.equal(lane.pool.roomFor('hold', 1).room, 0)
    lane.release(second)
    completed(await lane.recorder.outcome(second))
    await lane.worksOn(1)
    assert.equal(lane.pool.roomFor('hold', 1).room, 1)
  })

  test('announces the room that it makes', async (t) => {
    const lane = await openLane(t)
    const job = await lane.hold()
    lane.pool.resize(2)
    // `until` looks again only when the pool has told something.
    await lane.recorder.until(() => lane.pool.free === 1, 'room on the new thread')
    lane.release(job)
    await lane.worksOn(2)
  })

  test('a thread that has become one too many closes its handlers before it ends', async (t) => {
    const lane = await openLane(t, { threads: 2 })
    const jobs = [await lane.hold(), await lane.hold()]
    lane.pool.resize(1)
    assert.equal(Atomics.load(lane.cells, CLOSED), 0)
    const closed = Atomics.waitAsync(lane.cells, CLOSED, 0, PATIENCE)
    lane.release(...jobs)
    assert.ok(closed.async)
    assert.equal(await closed.value, 'ok')
    await lane.worksOn(1)
  })

  test('an interrupt reaches the runs of a leaving thread', async (t) => {
    const lane = await openLane(t, { threads: 2 })
    const jobs = [await lane.hold({ grace: 30 }), await lane.hold({ grace: 30 })]
    lane.pool.resize(1)
    lane.pool.interrupt(false)
    for (const job of jobs) {
      assert.equal((await lane.recorder.outcome(job)).type, 'released')
    }
    await lane.worksOn(1)
  })
})

describe('close', () => {
  test('starts no other thread in the place of a killed thread', async (t) => {
    const lane = await openLane(t)
    const up = lane.recorder.told.length
    const job = await lane.hold({ grace: 10 })
    lane.pool.interrupt(true)
    assert.equal((await lane.recorder.outcome(job)).type, 'released')
    // Waits until another thread would be up.
    await lane.pool.ready()
    assert.deepEqual(
      lane.recorder.told.slice(up).filter((line) => line.startsWith('up')),
      [],
    )
    assert.equal(lane.downs.length, 1)
  })

  test('lets the handlers of every thread close', async (t) => {
    const lane = await openLane(t, { threads: 2 })
    const jobs = [await lane.hold(), await lane.hold()]
    lane.release(...jobs)
    await lane.worksOn()
    await lane.pool.close()
    assert.equal(Atomics.load(lane.cells, CLOSED), 2)
  })

  test('waits for the threads that are leaving already', async (t) => {
    const lane = await openLane(t, { threads: 2, config: { slowClose: 400, onlyFirstClose: true } })
    const jobs = [await lane.hold(), await lane.hold()]
    lane.release(...jobs)
    await lane.worksOn()
    const closing = Atomics.waitAsync(lane.cells, CLOSINGS, 0, PATIENCE)
    lane.pool.resize(1)
    assert.equal(await closing.value, 'ok')
    await lane.pool.close()
    assert.equal(Atomics.load(lane.cells, CLOSED), 2)
  })

  test('I3: tells of a thread that does not exit, and never starts another', async (t) => {
    const lane = await openLane(t)
    const file = join(await temporaryFolder(t), 'pipe')
    execFileSync('mkfifo', [file])
    const job = await lane.hold({ grace: 10 }, 'readWhole', { file })
    const up = lane.recorder.told.length
    lane.pool.interrupt(true)
    assert.equal(await lane.pool.close(), false)
    assert.equal(lane.recorder.outcomes.has(job), false)
    // The handler waits for this text.
    await writeFile(file, 'at last')
    assert.equal((await lane.recorder.outcome(job)).type, 'released')
    await lane.pool.ready()
    assert.deepEqual(
      lane.recorder.told.slice(up).filter((line) => line.startsWith('up')),
      [],
    )
  })

  test('does not wait for handlers that do not close', async (t) => {
    const lane = await openLane(t, { config: { slowClose: 60_000 } })
    await lane.worksOn()
    await lane.pool.close()
    assert.equal(Atomics.load(lane.cells, CLOSED), 0)
  })
})
