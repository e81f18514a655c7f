import assert from 'node:assert/strict'
import { after, describe, test } from 'node:test'
import type { Webhook } from '../../src/job/delivery.ts'
import { NOW } from '../support/jobs.ts'
import { SETUPS } from './handlers.ts'
import { completed, failed, fixture, Lane, openLane } from './lane.ts'

describe('a handlers module that is broken fails its jobs, and no thread', () => {
  const broken: Record<string, RegExp> = {
    'throws-at-load.ts': /^broken at load$/,
    'no-default.ts': /no-default\.ts: expected defineHandlers/,
    'no-kinds.ts': /no-kinds\.ts: expected setup to return \{ kinds \}/,
    'missing.ts': /missing\.ts/,
  }
  for (const [handlers, message] of Object.entries(broken)) {
    test(handlers, async (t) => {
      const lane = openLane(t, { handlers })
      for (let n = 0; n < 3; n += 1) {
        const outcome = await lane.run('echo')
        assert.match(failed(outcome).message, message)
        assert.ok(outcome.type === 'failed' && !outcome.permanent)
      }
      assert.equal(lane.pool.free, 1)
      assert.deepEqual(lane.downs, [])
    })
  }

  test('a setup that throws is tried again by the next job', async (t) => {
    const lane = openLane(t, { config: { failSetups: 2 } })
    assert.equal(failed(await lane.run('echo')).message, 'setup 1 failed')
    assert.equal(failed(await lane.run('echo')).message, 'setup 2 failed')
    await lane.worksOn()
    assert.equal(Atomics.load(lane.cells, SETUPS), 3)
    assert.deepEqual(lane.downs, [])
  })

  test('I7: a setup that never ends keeps no job for ever', async (t) => {
    const lane = openLane(t, { config: { hangingSetup: true }, setupTimeout: 150 })
    const outcome = await lane.run('echo', {}, { timeout: 100, grace: 20 })
    assert.notEqual(outcome.type, 'completed')
  })
})

test('a module in plain JavaScript', async (t) => {
  const lane = openLane(t, { handlers: 'plain.mjs' })
  await lane.worksOn()
  assert.equal(failed(await lane.run('fails')).message, 'plainly')
})

test('I7: threads that die while they start are started again, and no job waits for ever', async (t) => {
  const lane = openLane(t, { entry: fixture('broken-entry.mjs') })
  const job = lane.start('echo')
  assert.equal((await lane.recorder.outcome(job)).type, 'lost')
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
  after(() => lane.close())

  test('the job, and what the pool adds to it', async () => {
    const options = { attempt: 3, dedupeKey: 'k', maxAttempts: 9 }
    const job = completed(await lane.run('job', { repo_pk: 5 }, options)) as { id: number }
    assert.deepEqual(job, {
      ...{ id: job.id, kind: 'job', payload: { repo_pk: 5 }, dedupeKey: 'k' },
      ...{ attempt: 3, maxAttempts: 9, createdAt: NOW },
    })
  })

  test('an environment without the secrets of the process', async () => {
    const env = completed(await lane.run('environment')) as Record<string, string>
    assert.equal(env['FORGE_REPOS'], '/srv/repos')
    assert.equal(env['PATH'], process.env['PATH'])
    assert.equal(env['HELVE_TEST_SECRET'], undefined)
    assert.equal(env['NODE_OPTIONS'], undefined)
  })

  test('a kind that the module does not have is an error for good', async () => {
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

  test('a logger for the setup of its module', async () => {
    const setUp = lane.recorder.lines.find(({ message }) => message === 'set up')
    assert.deepEqual(setUp, {
      ...{ level: 'info', message: 'set up', fields: { thread: setUp?.fields['thread'] } },
    })
    assert.equal(typeof setUp?.fields['thread'], 'number')
  })

  test('progress, in order and with the job, up to its last moment', async () => {
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
    await lane.worksOn()
  })
})

function pick(error: unknown): object {
  const { name, message } = error as Error
  return { name, message }
}
