import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { PermanentError, UnreachableError } from '../../src/job/errors.ts'
import type { Handler, HandlerContext } from '../../src/run/handler.ts'
import { Notices } from '../../src/run/notices.ts'
import { Run, type RunHost } from '../../src/run/run.ts'

import { aDelivery, NOW, refusal } from '../support/jobs.ts'
import { signal } from '../support/signal.ts'

interface Line {
  fields: unknown
  message: string | undefined
}

/** A host for runs, which keeps their log lines and their progress. */
function aHost() {
  const lines: Line[] = []
  const progress: unknown[] = []
  const warn = (first: object | string, message?: string): void => {
    lines.push(
      typeof first === 'string' ? { fields: {}, message: first } : { fields: first, message },
    )
  }
  const logger = { trace: warn, debug: warn, info: warn, warn, error: warn }
  const host: RunHost = {
    notices: new Notices(),
    isAborted: () => false,
    enter: async () => undefined,
    logger: () => logger,
    progress: (value) => void progress.push(value),
    spawning: (spawn) => spawn(),
    child: () => undefined,
  }
  return { host, lines, progress }
}

const TASK = {
  ...{ slot: 0, id: 7, token: 1, kind: 'push', payload: '{"n":1}', dedupeKey: null },
  ...{ attempt: 1, maxAttempts: 5, createdAt: NOW },
}

function run(host: RunHost, handler: Handler, kind = 'push') {
  return new Run({ ...TASK, kind }, host).outcome(handler)
}

describe('a handler that trips the breaker of its group', () => {
  const trip = { delay: 5_000, reason: 'Retry-After of 5 s' }
  const handlers: Record<string, Handler> = {
    completed: () => undefined,
    snoozed: (_, { snooze }) => snooze(1),
    failed: () => Promise.reject(new Error('status 429')),
  }
  for (const [type, handler] of Object.entries(handlers)) {
    test(`does so with a run that has ${type}`, async () => {
      const { host } = aHost()
      const outcome = await run(host, (job, ctx) => {
        ctx.tripBreaker(trip.delay, trip.reason)
        return handler(job, ctx)
      })
      assert.equal(outcome.type, type)
      assert.deepEqual(outcome.trip, trip)
    })
  }

  test('is refused without a delay or a reason, and has its reason cut', async () => {
    const { host } = aHost()
    const outcome = await run(host, (_, { tripBreaker }) => {
      assert.throws(() => tripBreaker(-1, 'x'), refusal('HELVE_ERR_OPTION', 'ms'))
      const noReason = undefined as unknown as string
      assert.throws(() => tripBreaker(1, noReason), refusal('HELVE_ERR_OPTION', 'reason'))
      tripBreaker(0.5, 'x'.repeat(10_000))
    })
    assert.deepEqual([outcome.trip?.delay, outcome.trip?.reason.length], [1, 500])
  })
})

describe('a handler that enters an endpoint', () => {
  const held = { delay: 5_000, reason: 'endpoint x has failed 5 times in a row' }

  test('goes on once it is inside', async () => {
    const entered: string[] = []
    const host: RunHost = {
      ...aHost().host,
      enter: async (endpoint) => void entered.push(endpoint),
    }
    const outcome = await run(host, (_, { enterEndpoint }) => enterEndpoint('x'))
    assert.deepEqual([outcome.type, entered], ['completed', ['x']])
  })

  test('is held, and keeps its records but no other effect, when it is kept out', async () => {
    const host: RunHost = { ...aHost().host, enter: async () => held }
    const record = aDelivery()
    const outcome = await run(host, async (_, ctx) => {
      ctx.recordDelivery(record)
      ctx.enqueue('sweep')
      await ctx.enterEndpoint('x')
    })
    assert.deepEqual(outcome, { type: 'held', deliveries: [record], trip: held })
  })

  test('may do something else when it is kept out', async () => {
    const host: RunHost = { ...aHost().host, enter: async () => held }
    const outcome = await run(host, (_, ctx) => ctx.enterEndpoint('x').catch(String))
    assert.deepEqual(
      outcome.type === 'completed' && outcome.result,
      JSON.stringify(`EndpointHeldError: ${held.reason}`),
    )
  })

  test('is refused without a name', async () => {
    const { host } = aHost()
    for (const name of ['', undefined, 5, 'a\0', 'x'.repeat(504)]) {
      const outcome = await run(host, (_, ctx) => ctx.enterEndpoint(name as string))
      assert.ok(outcome.type === 'failed')
      assert.match(outcome.error.message, /^endpoint: expected /)
    }
  })

  test('counts a failure against the endpoint, also one that ends the job', async () => {
    const { host } = aHost()
    const error = new UnreachableError('no answer')
    for (const thrown of [error, new PermanentError('for good', { cause: error })]) {
      const outcome = await run(host, () => Promise.reject(thrown))
      assert.equal(outcome.type === 'failed' && outcome.unreachable, true)
    }
    const other = await run(host, () => Promise.reject(new Error('status 500')))
    assert.equal(other.type === 'failed' && other.unreachable, undefined)
  })
})

describe('what a handler is given', () => {
  test('can be destructured', async () => {
    const { host, progress, lines } = aHost()
    const handler: Handler = (_, ctx) => {
      const { progress, enqueue, logger, signal, aborted, spawn, recordDelivery } = ctx
      progress({ done: 1 })
      enqueue('sweep', { limit: 5 })
      recordDelivery(aDelivery())
      logger.info('taken apart')
      spawn(process.execPath, ['--version'])
      return [signal.aborted, aborted]
    }
    const outcome = await run(host, handler)
    assert.ok(outcome.type === 'completed')
    assert.deepEqual(
      outcome.followUps.map(({ kind, payload }) => [kind, payload]),
      [['sweep', '{"limit":5}']],
    )
    assert.equal(outcome.deliveries.length, 1)
    assert.equal(outcome.result, '[false,false]')
    assert.deepEqual(progress, ['{"done":1}'])
    assert.deepEqual(lines, [{ fields: {}, message: 'taken apart' }])
  })

  test('can be destructured in the parameters of the handler', async () => {
    const { host } = aHost()
    const outcome = await run(host, (_, { snooze }) => snooze(5))
    assert.deepEqual([outcome.type, outcome.type === 'snoozed' && outcome.delay], ['snoozed', 5])
  })
})

describe('a call of a handler after the end of its run:', () => {
  const LATE: Record<string, (ctx: HandlerContext) => void> = {
    enqueue: (ctx) => ctx.enqueue('sweep'),
    snooze: (ctx) => ctx.snooze(5),
    recordDelivery: (ctx) => ctx.recordDelivery(aDelivery()),
    spawn: (ctx) => void ctx.spawn('true'),
  }
  for (const [name, act] of Object.entries(LATE)) {
    test(`${name} throws`, async () => {
      const { host } = aHost()
      const contexts: HandlerContext[] = []
      const outcome = await run(host, (_, ctx) => void contexts.push(ctx))
      const named = [`ctx.${name}`, 'job 7', 'kind push', 'over']
      assert.throws(() => act(contexts[0]!), refusal('HELVE_ERR_CLOSED', /^ctx: /, ...named))
      assert.ok(outcome.type === 'completed')
      assert.deepEqual([outcome.followUps, outcome.deliveries], [[], []])
    })
  }

  test('a promise that it has left behind rejects, and its progress is dropped', async () => {
    const { host, progress } = aHost()
    const gate = signal('the gate')
    const left: Promise<void>[] = []
    await run(host, (_, ctx) => {
      left.push(
        gate.wait().then(() => {
          ctx.progress('late')
          ctx.enqueue('sweep')
        }),
      )
    })
    gate.fire()
    await assert.rejects(left[0]!, refusal('HELVE_ERR_CLOSED'))
    assert.deepEqual(progress, [])
  })

  test('is logged once for each kind', async () => {
    const { host, lines } = aHost()
    for (const kind of ['push', 'push', 'sweep']) {
      const contexts: HandlerContext[] = []
      await run(host, (_, ctx) => void contexts.push(ctx), kind)
      for (const act of Object.values(LATE)) assert.throws(() => act(contexts[0]!))
    }
    const message = 'a handler goes on after the end of its run, and calls ctx.enqueue: await it'
    assert.deepEqual(lines, [
      { fields: {}, message },
      { fields: {}, message },
    ])
  })
})

describe('a result that is no JSON', () => {
  const cycle: Record<string, unknown> = {}
  cycle['self'] = cycle
  const RESULTS: [name: string, result: unknown, problem: RegExp][] = [
    ['a function', () => 1, /^expected JSON, got a function$/],
    ['a symbol', Symbol('s'), /^expected JSON, got a symbol, Symbol\(s\)$/],
    ['a BigInt', { size: 5n }, /BigInt/],
    ['a cycle', cycle, /circular/],
    ['more than 1 MiB', 'x'.repeat(1_048_576), /^result: expected at most 1048576 .* 1048578$/],
    ['a toJSON that gives nothing', { toJSON: () => undefined }, /^expected JSON, got an object$/],
  ]
  for (const [name, result, problem] of RESULTS) {
    test(`${name}: the run completes without it, keeps its follow-ups, and logs that`, async () => {
      const { host, lines } = aHost()
      const outcome = await run(host, (_, ctx) => {
        ctx.enqueue('sweep')
        return result
      })
      assert.ok(outcome.type === 'completed')
      assert.deepEqual([outcome.result, outcome.followUps.length], [undefined, 1])
      const [line] = lines
      assert.equal(line?.message, 'the result of a handler is no JSON, and is dropped')
      assert.match((line.fields as { problem: string }).problem, problem)
    })
  }

  test('makes one log line for each kind', async () => {
    const { host, lines } = aHost()
    for (const kind of ['push', 'push', 'sweep']) await run(host, () => 5n, kind)
    assert.equal(lines.length, 2)
  })
})
