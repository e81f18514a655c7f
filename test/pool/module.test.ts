import assert from 'node:assert/strict'
import { createRequire } from 'node:module'
import { after, before, describe, test } from 'node:test'
import { fileURLToPath } from 'node:url'
import type { Webhook } from '../../src/job/delivery.ts'
import { defaultEntry } from '../../src/pool/thread-options.ts'
import { asWritten } from '../support/built.ts'
import { NOW } from '../support/jobs.ts'
import { SETUPS } from '../support/pool/handlers.ts'
import { completed, failed, Lane, openLane } from '../support/pool/lane.ts'

/** A module beside this file. */
function fixture(name: string): URL {
  return new URL(name, import.meta.url)
}

describe('I6: a handlers module that is broken costs no job a run', () => {
  const broken: Record<string, RegExp> = {
    'throws-at-load.ts': /ended with broken at load$/,
    'no-default.ts': /no-default\.js: expected defineHandlers/,
    'no-kinds.ts': /no-kinds\.js: expected setup to return \{ kinds \}/,
    'missing.ts': /missing\.js/,
    'class-kinds.ts': /class-kinds\.js: .*a class that has reindex: write \{ reindex: /,
    'number-kind.ts': /number-kind\.js: .*a function for kind add, got 5: write add: \(job, ctx\)/,
  }
  for (const [handlers, problem] of Object.entries(broken)) {
    test(handlers, async (t) => {
      const lane = await openLane(t, { handlers: fixture(handlers) })
      assert.equal(lane.pool.free, 0)
      assert.match(lane.pool.problem!, problem)
      assert.match(lane.downs[0]!, problem)
    })
  }

  test('the pool has the error itself as its cause', async (t) => {
    const lane = await openLane(t, { handlers: fixture('throws-at-load.ts') })
    assert.deepEqual(String(lane.pool.cause), 'RangeError: broken at load')
  })

  test('an entry whose threads exit while they start costs no job a run either', async (t) => {
    const lane = await openLane(t, { entry: fileURLToPath(asWritten(fixture('broken-entry.mjs'))) })
    assert.equal(lane.pool.free, 0)
    assert.equal(lane.pool.problem, 'the thread exited with code 9')
  })

  test('a setup that throws is tried again', async (t) => {
    // The second thread starts at once, and the third after a pause.
    const lane = await openLane(t, { config: { failSetups: 2 } })
    assert.equal(lane.pool.problem, 'the thread ended with setup 1 failed')
    await lane.recorder.until(() => lane.pool.free === 1, 'a thread')
    assert.equal(lane.pool.problem, undefined)
    await lane.worksOn()
    assert.equal(Atomics.load(lane.cells, SETUPS), 3)
    assert.equal(lane.downs.length, 2)
  })

  test('a setup that never ends costs no job a run either', async (t) => {
    const lane = await openLane(t, { config: { hangingSetup: true }, setupTimeout: 150 })
    assert.equal(lane.pool.free, 0)
    assert.equal(lane.pool.problem, 'the thread was not set up within 150 ms')
  })

  test('a lane can be closed while a thread is being set up', async () => {
    const lane = new Lane({ config: { hangingSetup: true } })
    const ready = lane.pool.ready()
    await lane.close()
    await ready
  })
})

test('a thread tells the kinds of its module', async (t) => {
  const lane = await openLane(t, { handlers: fixture('plain.mjs'), isSource: true })
  assert.deepEqual(lane.recorder.kinds, [['echo', 'fails']])
})

test('a handlers module may be plain JavaScript', async (t) => {
  const lane = await openLane(t, { handlers: fixture('plain.mjs'), isSource: true })
  await lane.worksOn()
  assert.equal(failed(await lane.run('fails')).message, 'plainly')
})

describe('what a handler is given', () => {
  const hook: Webhook = {
    ...{ id: 7, url: 'https://example.org/', secret: 's', contentType: 'json', events: ['push'] },
    ...{ active: true, insecureTls: false, target: null, createdAt: NOW, lastResponse: null },
  }
  process.env['HELVE_TEST_SECRET'] = 'hunter2'
  process.env['NODE_OPTIONS'] = '--no-deprecation'
  const lane = new Lane({
    env: { FORGE_REPOS: '/srv/repos' },
    logLevel: 30,
    getWebhook: async (id) => {
      if (id === 13) throw new Error('disk on fire')
      return id === hook.id ? hook : undefined
    },
  })
  delete process.env['HELVE_TEST_SECRET']
  delete process.env['NODE_OPTIONS']
  before(() => lane.pool.ready())
  after(() => lane.close())

  test('the job, and what the pool adds to it', async () => {
    const options = { attempt: 3, dedupeKey: 'k', maxAttempts: 9 }
    const job = completed(await lane.run('job', { repo_pk: 5 }, options)) as { id: number }
    assert.deepEqual(job, {
      ...{ id: job.id, kind: 'job', payload: { repo_pk: 5 }, dedupeKey: 'k' },
      ...{ attempt: 3, maxAttempts: 9, createdAt: NOW },
    })
  })

  test('answers also after a first question that could not be sent', async () => {
    const [refused, id] = completed(await lane.run('asksTwice')) as [string, number]
    assert.match(refused, /^DataCloneError: /)
    assert.equal(id, hook.id)
  })

  test('an environment without the secrets of the process', async () => {
    const env = completed(await lane.run('environment')) as Record<string, string>
    assert.equal(env['FORGE_REPOS'], '/srv/repos')
    assert.equal(env['PATH'], process.env['PATH'])
    assert.equal(env['HELVE_TEST_SECRET'], undefined)
    assert.equal(env['NODE_OPTIONS'], undefined)
  })

  test('a job of a kind that the module does not have fails for good', async () => {
    for (const kind of ['nobody', 'constructor', '__proto__', 'toString']) {
      const outcome = await lane.run(kind)
      assert.equal(failed(outcome).message, `no handler for kind ${kind}`)
      assert.ok(outcome.type === 'failed' && outcome.permanent)
    }
    await lane.worksOn()
  })

  test('a logger, whose lines come out in order and with the job', async () => {
    const thread = await lane.thread()
    const before = lane.recorder.lines.length
    const job = lane.start('logs')
    await lane.recorder.outcome(job)
    await lane.recorder.until(() => lane.recorder.lines.length >= before + 4, 'its lines')
    const [plain, rich, error, cycle, ...others] = lane.recorder.lines.slice(before)
    const common = { thread, job: job.id, kind: 'logs' }
    assert.deepEqual(plain, { level: 'info', fields: common, message: 'plain' })
    const { cause, ...fields } = rich!.fields
    assert.deepEqual(
      { ...rich, fields },
      {
        ...{ level: 'warn', message: 'with fields', fields: { ...common, repo: 7 } },
      },
    )
    assert.deepEqual(pick(cause), { name: 'RangeError', message: 'inside' })
    assert.equal(cycle?.message, 'with a cycle')
    assert.deepEqual(others, [])
    assert.deepEqual([error?.level, error?.message], ['error', 'on its own'])
    assert.deepEqual(pick(error?.fields['err']), { name: 'RangeError', message: 'on its own' })
  })

  test('a way to enqueue for a moment that has passed', async () => {
    const outcome = await lane.run('enqueuesForThePast')
    assert.ok(outcome.type === 'completed', JSON.stringify(outcome))
    assert.ok(outcome.followUps[0]!.runAt <= -5_000)
  })

  test('a warning when the handler goes on after its run, before the thread ends', async (t) => {
    const own = await openLane(t, { logLevel: 30 })
    const thread = await own.thread()
    const job = own.start('leaves')
    // The thread may end before it reports the outcome: then the job runs again.
    const { type } = await own.recorder.outcome(job)
    assert.ok(type === 'completed' || type === 'released', type)
    await own.recorder.until(() => own.downs.length === 1, 'the end of the thread')
    assert.deepEqual(own.recorder.lines.at(-1), {
      level: 'warn',
      fields: { thread, job: job.id, kind: 'leaves' },
      message: 'a handler goes on after the end of its run, and calls ctx.enqueue: await it',
    })
    assert.match(own.downs[0]!, /ctx\.enqueue of job \d+ of kind leaves, whose run is over/)
    await own.worksOn()
  })

  test('a logger for the setup of its module', async () => {
    const setUp = lane.recorder.lines.find(({ message }) => message === 'set up')
    assert.deepEqual(setUp, {
      ...{ level: 'info', message: 'set up', fields: { thread: setUp?.fields['thread'] } },
    })
    assert.equal(typeof setUp?.fields['thread'], 'number')
  })

  test('progress, in order and with the job, up to the end of the run', async () => {
    for (let n = 0; n < 20; n += 1) {
      const job = lane.start('progresses')
      await lane.recorder.outcome(job)
      const own = lane.recorder.progress.filter((one) => one.job === job)
      assert.deepEqual(
        own.map(({ value }) => value),
        [{ done: 1 }, [2]],
      )
    }
  })

  test('webhooks, as they are in the store', async () => {
    assert.deepEqual(completed(await lane.run('webhook', { id: 7 })), hook)
    assert.equal(completed(await lane.run('webhook', { id: 8 })), undefined)
    assert.match(failed(await lane.run('webhook', { id: 13 })).message, /disk on fire/)
    for (const id of ['7', 7.5, null]) {
      assert.match(failed(await lane.run('webhook', { id })).message, /^id: expected an integer/)
    }
    await lane.worksOn()
  })
})

function pick(error: unknown): object {
  const { name, message } = error as Error
  return { name, message }
}

test('the file that Piscina loads in a thread is no ES module', async () => {
  // On Node 20 the process aborts when a thread is ended while it requires an ES module.
  const entry: unknown = createRequire(import.meta.url)(defaultEntry())
  assert.ok(entry instanceof Promise)
  // The main thread has no `workerData` that the entry could start with.
  await assert.rejects(entry, TypeError)
})

test('a handlers module may be TypeScript, as it is written', async (t) => {
  const lane = await openLane(t, { isSource: true })
  await lane.worksOn()
})
