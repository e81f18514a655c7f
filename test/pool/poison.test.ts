import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { MAX_ERROR_BYTES } from '../../src/job/limits.ts'
import { failed, Lane, openLane } from '../support/pool/lane.ts'
import {
  assertEnd,
  GRACE,
  HUNGRY,
  isFatal,
  MEMORY,
  POISONS,
  POLLUTIONS,
  TIMEOUT,
  type Poison,
} from '../support/pool/poisons.ts'

const LANES = { 'one job at a time': 1, 'many at once': 3 }

/** Only a handler that is to time out gets a short timeout. */
const terms = ({ end }: Poison) =>
  end.type === 'timedOut' ? { timeout: TIMEOUT, grace: GRACE } : {}

for (const [what, concurrency] of Object.entries(LANES)) {
  describe(`I7: in a thread that runs ${what}, a handler that`, () => {
    const lane = new Lane({ concurrency })
    before(() => lane.pool.ready())
    after(() => lane.close())

    for (const poison of [...POISONS, ...POLLUTIONS]) {
      const { line, kind, payload } = poison
      test(line, async () => {
        const thread = await lane.thread()
        const neighbours = concurrency > 1 ? [await lane.hold()] : []
        const downs = lane.downs.length
        const outcome = await lane.run(kind, payload, terms(poison))
        assertEnd(outcome, poison.end)
        if (isFatal(poison)) {
          // I3: the pool frees what the run held after the thread has stopped, and not before.
          assert.equal(lane.downs.length, downs + 1)
          assert.match(lane.downs.at(-1)!, new RegExp(`^down ${thread}: `))
          assert.match(lane.recorder.told.at(-1)!, /^settled/)
          const type = poison.end.type === 'lost' ? 'lost' : 'released'
          for (const job of neighbours) {
            assert.equal((await lane.recorder.outcome(job)).type, type)
          }
        } else {
          lane.release(...neighbours)
          for (const job of neighbours) {
            assert.equal((await lane.recorder.outcome(job)).type, 'completed')
          }
        }
        await lane.worksOn()
        // The lane also replaces a thread that many jobs share when the thread gets on too slowly.
        if (isFatal(poison)) assert.notEqual(await lane.thread(), thread)
        else if (concurrency === 1) assert.equal(await lane.thread(), thread)
      })
    }
  })
}

describe('I7: in a lane with a limit of memory, a handler that', () => {
  for (const { line, kind, end } of HUNGRY) {
    test(`${line}, costs at most its own thread`, async (t) => {
      const lane = await openLane(t, { memory: MEMORY, threads: 2 })
      const neighbour = await lane.hold()
      assertEnd(await lane.run(kind), end)
      assert.equal(lane.downs.length, end.type === 'lost' ? 1 : 0)
      lane.release(neighbour)
      assert.equal((await lane.recorder.outcome(neighbour)).type, 'completed')
      await lane.worksOn()
    })
  }
})

describe('I7: a timer that a job leaves behind', () => {
  const lane = new Lane()
  before(() => lane.pool.ready())
  after(() => lane.close())

  test('makes the next job lost, not failed; the reason names the job before', async () => {
    const culprit = lane.start('leaveTimer')
    await lane.recorder.outcome(culprit)
    const victim = await lane.hold()
    lane.release(culprit)
    const reason = new RegExp(`from the job before; job ${culprit.id} of kind leaveTimer had run`)
    assertEnd(await lane.recorder.outcome(victim), { type: 'lost', reason })
    // No job had run before on the thread that came after.
    const next = await lane.run('exit', { code: 7 })
    assert.deepEqual(next, { type: 'lost', reason: 'the thread exited with code 7' })
    await lane.worksOn()
  })

  test('ends an idle thread, and harms no job', async () => {
    const downs = lane.downs.length
    const culprit = lane.start('leaveTimer')
    await lane.recorder.outcome(culprit)
    lane.release(culprit)
    await lane.recorder.until(() => lane.downs.length > downs, 'the end of the thread')
    await lane.worksOn()
  })
})

test('code and stack of an error are kept, within bounds', async (t) => {
  const lane = await openLane(t)
  const error = failed(await lane.run('throwError'))
  assert.equal(error.code, 'ENOREPO')
  assert.match(error.stack ?? '', /no such repository\n.*poison\.js/)
  const huge = failed(await lane.run('throwHuge'))
  assert.equal(Buffer.byteLength(huge.stack ?? ''), MAX_ERROR_BYTES)
})
