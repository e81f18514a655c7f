import assert from 'node:assert/strict'
import { describe, test, type TestContext } from 'node:test'
import { loopTurn } from '../support/signal.ts'
import { FLOOD, QUESTIONS } from '../support/pool/floods.ts'
import { completed, openLane, type Lane } from '../support/pool/lane.ts'

/** Lines or values of progress that the main thread takes from a thread in one turn of its loop. */
const MOST = 32
/** Most lines that wait in the thread. */
const WAITING = 1_000

/** A lane that logs, and whose thread has no message on its way. */
async function openQuietLane(t: TestContext, concurrency: number): Promise<Lane> {
  const lane = await openLane(t, { logLevel: 30, concurrency })
  await lane.recorder.until(() => lane.recorder.lines.length === 1, 'the line of its setup')
  // The main thread gives back the credit of that line in the next turn of its loop.
  await loopTurn()
  await loopTurn()
  lane.recorder.lines.length = 0
  return lane
}

/** Starts a flood while the main thread reads nothing: it reads once the handler has sent all. */
async function unheard(lane: Lane, kind: string) {
  const job = lane.start(kind)
  // The pool hands over the job in a microtask, with all jobs that are started in the same go.
  await Promise.resolve()
  Atomics.wait(lane.cells, job.id, 0)
  completed(await lane.recorder.outcome(job))
  return job
}

/** Counts the most events in one turn of the event loop. */
function mostAtOnce(): { count: () => void; most: () => number } {
  let [now, most] = [0, 0]
  return {
    count() {
      if (now === 0) setImmediate(() => (now = 0))
      now += 1
      most = Math.max(most, now)
    },
    most: () => most,
  }
}

test('I9: endings with many follow-ups arrive one by one', async (t) => {
  const lane = await openLane(t, { concurrency: 3 })
  const endings = mostAtOnce()
  const { settled } = lane.recorder.listener
  lane.recorder.listener.settled = (...ending) => (endings.count(), settled(...ending))
  const jobs = [1, 2, 3].map(() => lane.start('floodFollowUps'))
  await Promise.resolve()
  for (const { id } of jobs) Atomics.wait(lane.cells, id, 0)
  for (const job of jobs) {
    const outcome = await lane.recorder.outcome(job)
    assert.ok(outcome.type === 'completed' && outcome.followUps.length === 1_000)
  }
  assert.equal(endings.most(), 1)
  await lane.worksOn()
})

for (const concurrency of [1, 3]) {
  describe(`I9: from a thread that runs ${concurrency} at a time`, () => {
    test('lines that come too fast are dropped, counted, and reported once', async (t) => {
      const lane = await openQuietLane(t, concurrency)
      const { id } = await unheard(lane, 'floodLines')
      const told = lane.recorder.lines
      await lane.recorder.until(() => told.length > MOST + WAITING, 'all lines')
      await lane.worksOn()
      assert.deepEqual(
        told.slice(0, -1).map(({ message }) => message),
        Array.from({ length: MOST + WAITING }, (_, n) => `line ${n}`),
      )
      const { level, message, fields } = told.at(-1)!
      const dropped = FLOOD - MOST - WAITING
      assert.equal(level, 'warn')
      assert.match(message, new RegExp(`^${dropped} lines were dropped`))
      assert.deepEqual({ ...fields, thread: 0 }, { thread: 0, job: id, dropped })
    })

    test('of progress that comes too fast the newest value is kept', async (t) => {
      const lane = await openLane(t, { concurrency })
      await unheard(lane, 'floodProgress')
      assert.deepEqual(
        lane.recorder.progress.map(({ value }) => value),
        [...Array.from({ length: MOST }, (_, n) => n), FLOOD - 1],
      )
      await lane.worksOn()
    })

    test('no turn of the loop takes more than a few lines or values of progress', async (t) => {
      const lane = await openQuietLane(t, concurrency)
      const [lines, values] = [mostAtOnce(), mostAtOnce()]
      const { log, progress } = lane.recorder.listener
      lane.recorder.listener.log = (...line) => (lines.count(), log(...line))
      lane.recorder.listener.progress = (...value) => (values.count(), progress(...value))
      completed(await lane.run('floodLines'))
      completed(await lane.run('floodProgress'))
      const isDropped = ({ fields }: { fields: object }): boolean => 'dropped' in fields
      await lane.recorder.until(() => lane.recorder.lines.some(isDropped), 'what was dropped')
      assert.ok(lines.most() <= MOST, `${lines.most()} lines`)
      // The newest value of a run that is over comes in any case.
      assert.ok(values.most() <= MOST + 1, `${values.most()} values`)
      assert.equal(lane.recorder.progress.at(-1)?.value, FLOOD - 1)
    })

    test('messages that a handler posts itself are ignored', async (t) => {
      const lane = await openQuietLane(t, concurrency)
      await unheard(lane, 'floodPosts')
      await lane.worksOn()
      assert.deepEqual(lane.recorder.lines, [])
    })

    test('progress of a handler that closes the port to its parent still arrives', async (t) => {
      const lane = await openLane(t, { concurrency })
      assert.equal(completed(await lane.run('closesPort')), 'through')
      assert.deepEqual(
        lane.recorder.progress.map(({ value }) => value),
        ['runs'],
      )
      await lane.worksOn()
      assert.deepEqual(lane.downs, [])
    })

    test('questions for a webhook are asked a few at a time, and all are answered', async (t) => {
      const asked = mostAtOnce()
      const lane = await openLane(t, {
        concurrency,
        getWebhook: async () => (asked.count(), undefined),
      })
      assert.equal(completed(await lane.run('floodQuestions')), QUESTIONS)
      assert.ok(asked.most() <= 16, `${asked.most()} questions`)
    })
  })
}
