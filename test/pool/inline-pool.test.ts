import assert from 'node:assert/strict'
import { test, type TestContext } from 'node:test'
import { pino, type Logger } from 'pino'
import { RetryAfterError, PermanentError } from '../../src/job/errors.ts'
import type { Handler } from '../../src/run/handler.ts'
import type { ClaimedJob } from '../../src/job/job.ts'
import { jobLogger } from '../../src/logger.ts'
import type { Terms } from '../../src/pool/pool.ts'
import { InlinePool } from '../../src/pool/inline-pool.ts'
import { NOW } from '../support/jobs.ts'
import { gone } from '../support/processes.ts'
import { signal } from '../support/signal.ts'
import { completed, failed } from '../support/pool/lane.ts'
import { Recorder } from '../support/pool/recorder.ts'

function setUp(
  t: TestContext,
  handlers: Record<string, Handler<never>>,
  concurrency = 3,
  logger: Logger = pino({ enabled: false }),
) {
  const recorder = new Recorder()
  const pool = new InlinePool(
    new Map(Object.entries(handlers)) as Map<string, Handler>,
    concurrency,
    recorder.listener,
    ({ id, kind }) => jobLogger(logger, { job: id, kind }),
  )
  t.after(() => assert.deepEqual(recorder.faults, []))
  let id = 0
  const start = (kind: string, terms: Partial<Terms> = {}): ClaimedJob => {
    id += 1
    const job: ClaimedJob = {
      ...{ id, token: id, kind, payload: '{"n":1}', dedupeKey: null, priority: 0, attempt: 1 },
      ...{ maxAttempts: null, crashes: 0, createdAt: NOW, since: 0, runAt: NOW },
      ...{ overrides: null, group: null },
    }
    const usual = { maxAttempts: 5, timeout: 60_000, grace: 60_000, alone: false, most: 100 }
    pool.start(job, { ...usual, ...terms })
    return job
  }
  return { pool, recorder, start }
}

test('runs functions, up to its concurrency at a time', async (t) => {
  const gate = signal('the gate')
  const { pool, recorder, start } = setUp(t, {
    waits: async (job: { payload: { n: number } }) => {
      await gate.wait()
      return job.payload.n
    },
  })
  const jobs = [start('waits'), start('waits'), start('waits')]
  assert.equal(pool.free, 0)
  gate.fire()
  for (const job of jobs) assert.equal(completed(await recorder.outcome(job)), 1)
  assert.equal(pool.free, 3)
})

test('an error that a function throws, at once or later, is an outcome', async (t) => {
  const { pool, recorder, start } = setUp(t, {
    throws() {
      throw new TypeError('at once')
    },
    rejects: async () => Promise.reject(new RangeError('later')),
    permanent() {
      throw new PermanentError('no repo_pk')
    },
    retryAfter() {
      throw new RetryAfterError(new Date(NOW))
    },
  })
  const run = async (kind: string) => recorder.outcome(start(kind))
  assert.equal(failed(await run('throws')).message, 'at once')
  assert.equal(failed(await run('rejects')).message, 'later')
  assert.match(JSON.stringify(await run('permanent')), /"permanent":true/)
  assert.match(JSON.stringify(await run('retryAfter')), new RegExp(`"retryAt":${NOW}`))
  assert.equal(failed(await run('nobody')).message, 'no handler for kind nobody')
  assert.equal(pool.free, 3)
})

test('I3: a run past its timeout keeps its slot until the function has returned', async (t) => {
  const gate = signal('the gate')
  const { pool, recorder, start } = setUp(t, {
    async deaf() {
      await gate.wait()
      throw new Error('too late')
    },
  })
  const job = start('deaf', { timeout: 20, grace: 10 })
  const stuck = (): boolean => recorder.told.some((line) => line.startsWith(`stuck ${job.id}: `))
  await recorder.until(stuck, 'the report that it is stuck')
  assert.equal(pool.free, 2)
  assert.equal(recorder.outcomes.has(job), false)
  gate.fire()
  assert.deepEqual(await recorder.outcome(job), { type: 'timedOut', timeout: 20 })
  assert.equal(pool.free, 3)
})

test('a function that heeds its signal ends, and is not reported as stuck', async (t) => {
  const { recorder, start } = setUp(t, {
    heeds: (_, { signal: end }) =>
      new Promise((_resolve, reject) => {
        end.addEventListener('abort', () => reject(end.reason as Error))
      }),
  })
  const timedOut = start('heeds', { timeout: 20, grace: 30 })
  assert.equal((await recorder.outcome(timedOut)).type, 'timedOut')
  assert.deepEqual(recorder.told, [`settled ${timedOut.id}`])
})

test('I9: one turn of the loop tells only part of a flood of lines and progress', async (t) => {
  const lines: { msg: string; level: number }[] = []
  const stream = { write: (line: string) => void lines.push(JSON.parse(line) as never) }
  const logger = pino({ level: 'info' }, stream)
  const { recorder, start } = setUp(
    t,
    {
      floods(_, ctx) {
        for (let n = 0; n < 5_000; n += 1) {
          ctx.logger.debug('is off')
          ctx.logger.info(`line ${n}`)
        }
        for (let n = 0; n < 5_000; n += 1) ctx.progress(n)
      },
    },
    3,
    logger,
  )
  const job = start('floods')
  completed(await recorder.outcome(job))
  assert.deepEqual(
    lines.map(({ msg }) => msg),
    Array.from({ length: 1_000 }, (_, n) => `line ${n}`),
  )
  assert.deepEqual(
    recorder.progress.map(({ value }) => value),
    [4_999],
  )
  await recorder.until(() => recorder.lines.length > 0, 'what was dropped')
  const [{ level, message, fields }] = recorder.lines as [(typeof recorder.lines)[0]]
  assert.equal(level, 'warn')
  assert.match(message, /^4000 lines were dropped/)
  assert.deepEqual(fields, { job: job.id, dropped: 4_000 })
})

test('an interrupt releases runs that fail, and spares runs that complete', async (t) => {
  const gate = signal('the gate')
  const { pool, recorder, start } = setUp(t, {
    async fails(_, ctx) {
      await gate.wait()
      assert.ok(ctx.aborted && ctx.signal.aborted)
      throw new Error('interrupted')
    },
    async completes() {
      await gate.wait()
      return 1
    },
  })
  const jobs = [start('fails'), start('completes')]
  pool.interrupt()
  gate.fire()
  const reason = 'the runtime stopped'
  assert.deepEqual(await recorder.outcome(jobs[0]!), { type: 'released', reason })
  assert.equal(completed(await recorder.outcome(jobs[1]!)), 1)
})

test('processes that a function has started end with the function, however it ends', async (t) => {
  const pids: number[] = []
  const { recorder, start } = setUp(t, {
    async returns(_, ctx) {
      pids.push(ctx.spawn('sh', ['-c', 'sleep 1000 & sleep 1000']).pid!)
    },
    async throws(_, ctx) {
      pids.push(ctx.spawn('sh', ['-c', 'sleep 1000 & sleep 1000']).pid!)
      throw new Error('thrown')
    },
  })
  completed(await recorder.outcome(start('returns')))
  failed(await recorder.outcome(start('throws')))
  await gone(...pids, ...pids.map((pid) => -pid))
})
