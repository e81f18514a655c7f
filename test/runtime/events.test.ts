import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { pino } from 'pino'
import { openHarness } from '../support/runtime/harness.ts'

type Line = Record<string, unknown> & { level: number; msg: string; job?: number }

/** A pino whose lines are kept. */
function capture(level: string) {
  const lines: Line[] = []
  const logger = pino({ level }, { write: (line: string) => lines.push(JSON.parse(line) as Line) })
  return { lines, logger }
}

/** Fields of a handler's log line that pose as those of helve. */
const POSE = { job: 'mine', kind: 'mine', thread: 'mine', repo: 7 }

describe('events', () => {
  test('tell the life of a job in order, each after its commit', async (t) => {
    const h = await openHarness(t)
    const submitted = h.runtime.enqueue('flaky', { fails: 1 })
    const states: unknown[] = []
    for (const name of ['enqueued', 'started', 'retrying', 'completed'] as const) {
      h.runtime.on(name, (data) => {
        const { id, kind } = 'job' in data ? data.job : data
        if (kind !== 'flaky') return
        void h.runtime.get(id).then((job) => states.push([name, job?.state, job?.attempts]))
      })
    }
    h.runtime.register('flaky', { backoff: { delay: 30, jitter: 0 } })
    const { id } = await submitted
    void h.run()
    await h.event('completed', id)
    await h.until(() => states.length >= 5, 'all looks')
    assert.deepEqual(states.slice(0, 5), [
      ['enqueued', 'queued', 0],
      ['started', 'running', 1],
      ['retrying', 'queued', 1],
      ['started', 'running', 2],
      ['completed', undefined, undefined],
    ])
    const own = h.events.filter(({ data }) => 'job' in data && data.job?.id === id)
    assert.deepEqual(
      own.map(({ name }) => name),
      ['started', 'retrying', 'started', 'completed'],
    )
  })

  test('tell of threads', async (t) => {
    const h = await openHarness(t, { lanes: { default: { threads: 1, spare: false } } })
    h.runtime.register('exit', { maxAttempts: 1 })
    void h.run()
    const up = await h.event('thread:up')
    assert.equal(up.lane, 'default')
    const { id } = await h.runtime.enqueue('exit')
    const down = await h.event('thread:down')
    assert.deepEqual([down.lane, down.thread], ['default', up.thread])
    assert.match(down.reason, /code 7/)
    const lost = await h.event('lost', id)
    assert.equal(lost.crashes, 1)
    assert.notEqual((await h.event('thread:up', undefined, 2)).thread, up.thread)
    await h.event('dead', id)
  })

  test('tell of a thread that is stalled, and the log names the job', async (t) => {
    const { lines, logger } = capture('info')
    const lanes = { default: { threads: 1, concurrency: 2 } }
    const h = await openHarness(t, { logger, lanes })
    void h.run()
    const { id } = await h.runtime.enqueue('stall', { cell: 1 })
    const { lane, thread, job, heldMs } = await h.event('thread:stalled')
    assert.deepEqual([lane, job?.id, job?.kind, job?.attempt], ['default', id, 'stall', 1])
    const echo = await h.runtime.enqueue('echo')
    await h.event('completed', echo.id)
    h.release(1)
    const resumed = await h.event('thread:resumed')
    assert.deepEqual([resumed.lane, resumed.thread], ['default', thread])
    assert.ok(resumed.heldMs > heldMs)
    await h.event('completed', id)
    const told = lines.filter((line) => line['thread'] === thread)
    assert.deepEqual(
      told.map(({ level, msg, job }) => [level, msg, job]),
      [
        [40, 'thread is stalled', id],
        [30, 'thread goes on', undefined],
      ],
    )
  })

  test('a listener that throws is reported, and disturbs nobody', async (t) => {
    const h = await openHarness(t)
    const broken = (): never => {
      throw new Error('broken listener')
    }
    h.runtime.on('completed', broken)
    h.runtime.on('error', broken)
    void h.run()
    for (const nth of [1, 2]) {
      const { id } = await h.runtime.enqueue('echo')
      await h.event('completed', id)
      const { error, during } = await h.event('error', undefined, nth)
      assert.deepEqual(
        [String(error), during],
        ['Error: broken listener', 'a listener of completed'],
      )
    }
    h.runtime.off('completed', broken)
    const { id } = await h.runtime.enqueue('echo')
    await h.event('completed', id)
    assert.equal(h.told('error').length, 2)
  })
})

describe('the log', () => {
  test('has a line for each event, and those of the handlers', async (t) => {
    const { lines, logger } = capture('debug')
    const h = await openHarness(t, { logger })
    h.runtime.register('flaky', { backoff: { delay: 0, jitter: 0 }, maxAttempts: 2 })
    h.runtime.register('inline:logs', (_, ctx) =>
      ctx.logger.info({ repo: 8 }, 'from the main thread'),
    )
    void h.run()
    const dead = await h.runtime.enqueue('flaky', { fails: 2 })
    await h.event('dead', dead.id)
    const logs = await h.runtime.enqueue('logs')
    await h.event('completed', logs.id)
    const inline = await h.runtime.enqueue('inline:logs')
    await h.event('completed', inline.id)
    // Log lines take another way than reports: the end of a later run shows that they have come.
    const { id } = await h.runtime.enqueue('echo')
    await h.event('completed', id)

    const of = (id: number): unknown[] =>
      lines.filter(({ job }) => job === id).map(({ level, msg }) => [level, msg])
    assert.deepEqual(of(dead.id), [
      [20, 'job enqueued'],
      [20, 'job started'],
      [40, 'job failed, and is retried'],
      [20, 'job started'],
      [50, 'job is dead'],
    ])
    assert.deepEqual(
      of(logs.id).toSorted((a, b) => (String(a) < String(b) ? -1 : 1)),
      [
        [20, 'job completed'],
        [20, 'job enqueued'],
        [20, 'job started'],
        [20, 'too low'],
        [40, 'from a thread'],
      ],
    )
    const line = lines.find(({ msg }) => msg === 'from a thread')
    assert.deepEqual([line?.['kind'], line?.['repo']], ['logs', 7])
    assert.ok(h.told('thread:up').some(({ thread }) => thread === line?.['thread']))
    const main = lines.find(({ msg }) => msg === 'from the main thread')
    assert.deepEqual([main?.job, main?.['kind'], main?.['repo']], [inline.id, 'inline:logs', 8])
    const { error } = lines.find(({ msg }) => msg === 'job is dead') as unknown as {
      error: { name: string; message: string }
    }
    assert.deepEqual([error.name, error.message], ['RangeError', 'attempt 2'])
  })

  test('a handler’s own fields do not take the place of job, kind and thread', async (t) => {
    const { lines, logger } = capture('info')
    const h = await openHarness(t, { logger })
    h.runtime.register('inline:poses', (_, ctx) => ctx.logger.info(POSE, 'from the main thread'))
    void h.run()
    const { id } = await h.runtime.enqueue('poses')
    const inline = await h.runtime.enqueue('inline:poses')
    await h.event('completed', id)
    await h.event('completed', inline.id)
    const threads = h.told('thread:up').map(({ thread }) => thread)
    const found = lines
      .filter(({ msg }) => msg.startsWith('from '))
      .toSorted((a, b) => a.job! - b.job!)
    assert.deepEqual(
      found.map((line) => [line.job, line['kind'], line['repo']]),
      [
        [id, 'poses', 7],
        [inline.id, 'inline:poses', 7],
      ],
    )
    const [ofThread, ofMain] = found.map((line) => line['thread'] as number)
    assert.ok(threads.includes(ofThread!))
    assert.equal(ofMain, POSE.thread)
  })

  test('follows the level of its logger, in threads too', async (t) => {
    const { lines, logger } = capture('error')
    const h = await openHarness(t, { logger })
    void h.run()
    const steps = [
      ['error', []],
      ['trace', ['from a thread', 'job completed', 'job enqueued', 'job started', 'too low']],
      ['silent', []],
      ['warn', ['from a thread']],
    ] as const
    await h.event('thread:up')
    for (const [level, expected] of steps) {
      logger.level = level
      lines.length = 0
      const { id } = await h.runtime.enqueue('logs')
      await h.event('completed', id)
      // Log lines take another way than reports: the end of a later run shows that they have come.
      await h.event('completed', (await h.runtime.enqueue('echo')).id)
      const messages = lines.filter(({ job }) => job === id).map(({ msg }) => msg)
      assert.deepEqual(messages.toSorted(), expected, level)
    }
  })

  test('does not follow the level any longer once the runtime has stopped', async (t) => {
    const { logger } = capture('info')
    const h = await openHarness(t, { logger })
    await h.runtime.start()
    assert.equal(logger.listenerCount('level-change'), 1)
    await h.runtime.stop()
    assert.equal(logger.listenerCount('level-change'), 0)
  })

  test('has only the lines that its level lets through', async (t) => {
    const { lines, logger } = capture('warn')
    const h = await openHarness(t, { logger })
    void h.run()
    const { id } = await h.runtime.enqueue('logs')
    await h.event('completed', id)
    const { id: last } = await h.runtime.enqueue('permanent')
    await h.event('dead', last)
    assert.deepEqual(lines.map(({ msg }) => msg).toSorted(), ['from a thread', 'job is dead'])
  })
})
