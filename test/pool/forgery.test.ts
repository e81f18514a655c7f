import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { completed, failed, Lane } from '../support/pool/lane.ts'

describe('I5: messages that a handler posts settle nothing', () => {
  const asked: unknown[] = []
  const lane = new Lane({
    threads: 2,
    logLevel: 10,
    getWebhook: async (id) => {
      asked.push(id)
      throw new Error('no such file')
    },
  })
  before(() => lane.pool.ready())
  after(() => lane.close())

  test('messages about a job of another thread', async () => {
    const victim = await lane.hold()
    const { progress, lines, outcomes } = lane.recorder
    const before = progress.length
    const { id, token } = victim
    assert.equal(completed(await lane.run('post', { id, token })), undefined)
    await lane.run('echo')
    assert.equal(outcomes.has(victim), false)
    assert.equal(progress.length, before)
    assert.deepEqual(new Set(lines.map(({ message }) => message)), new Set(['set up']))
    assert.ok(asked.every((id) => typeof id === 'number'))

    lane.release(victim)
    assert.equal(completed(await lane.recorder.outcome(victim)), 'released')
    await lane.worksOn()
    assert.deepEqual(lane.downs, [])
  })

  test('answers that the handler gives in the place of Piscina', async () => {
    const victim = await lane.hold()
    assert.equal(completed(await lane.run('answer')), undefined)
    await lane.run('echo')
    assert.equal(lane.recorder.outcomes.has(victim), false)
    lane.release(victim)
    assert.equal(completed(await lane.recorder.outcome(victim)), 'released')
    await lane.worksOn()
  })
})

test('I5: a report that a handler posts ahead does not replace the true report', async (t) => {
  const lane = new Lane()
  t.after(() => lane.close())
  for (let n = 0; n < 100; n += 1) {
    await lane.run('post', { id: 0, token: 0 })
    // A thread that has sent something reports the ends of its runs by a message, too.
    assert.equal(completed(await lane.run('progresses')), undefined)
  }
  await lane.worksOn()
})

test('I5: messages that a handler posts about a job of its thread settle nothing', async (t) => {
  const lane = new Lane({ concurrency: 3 })
  t.after(() => lane.close())
  const victim = await lane.hold()
  const { id, token } = victim
  await lane.run('post', { id, token })
  await lane.run('answer')
  await lane.run('echo')
  assert.equal(lane.recorder.outcomes.has(victim), false)
  lane.release(victim)
  assert.equal(completed(await lane.recorder.outcome(victim)), 'released')
  await lane.worksOn()
})

describe('I7: a handler that changes Object.prototype does no harm outside its thread', () => {
  const lane = new Lane()
  before(() => lane.pool.ready())
  after(() => lane.close())

  test('the run itself, the jobs after it and the main thread work on', async () => {
    assert.deepEqual(completed(await lane.run('pollute')), { own: 1 })
    await lane.worksOn()
    assert.equal(Object.hasOwn(Object.prototype, 'polluted'), false)
  })

  test('an inherited function is no handler', async () => {
    const outcome = await lane.run('stolen')
    assert.match(failed(outcome).message, /no handler for kind stolen/)
    assert.ok(outcome.type === 'failed' && outcome.permanent)
  })

  test('a later job enqueues and records only what it means to', async () => {
    const outcome = await lane.run('enqueues')
    assert.ok(outcome.type === 'completed')
    assert.deepEqual(
      outcome.followUps.map(({ kind, dedupeKey, priority }) => ({ kind, dedupeKey, priority })),
      [{ kind: 'echo', dedupeKey: 'k', priority: -1 }],
    )
    assert.deepEqual(outcome.deliveries, [])
  })

  test('an error keeps its message', async () => {
    assert.equal(failed(await lane.run('polluteJson')).message, 'kept as it is')
  })
})
