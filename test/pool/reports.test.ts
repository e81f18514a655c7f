import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { HandlerOutcome } from '../../src/job/outcome.ts'
import { reportsOf } from '../../src/pool/reports.ts'
import { aDelivery, aJob, anError } from '../support/jobs.ts'
import { completed, failed, openLane } from '../support/pool/lane.ts'

const MIB = 1024 * 1024

/** Whole outcomes, with everything that they can have. */
const effects = { followUps: [aJob({ dedupeKey: 'k', group: 'g' })], deliveries: [aDelivery()] }
const completion = { type: 'completed', result: '{"n":1}', ...effects } as const
const snooze = { type: 'snoozed', delay: 5, ...effects } as const
const failure: HandlerOutcome = {
  type: 'failed',
  error: anError({ stack: 'at once', code: 'E' }),
  permanent: false,
  retryAt: 7,
  deliveries: [aDelivery({ status: null, responseHeaders: null, error: 'no' })],
}

const overrides = { backoff: { delay: 5 }, timeout: 10 }
const WHOLE: HandlerOutcome[] = [
  completion,
  { ...completion, result: undefined, followUps: [aJob({ maxAttempts: 1, overrides })] },
  snooze,
  failure,
  { ...failure, retryAt: undefined },
]

const followUp = (over: object) => ({ ...completion, followUps: [{ ...aJob(), ...over }] })
const delivery = (over: object) => ({ ...failure, deliveries: [{ ...aDelivery(), ...over }] })
const error = (over: object) => ({ ...failure, error: { ...anError(), ...over } })

const DAMAGED: [what: string, outcome: unknown, problem: RegExp][] = [
  ['nothing', null, /type: expected "completed" or .*, got undefined/],
  ['a number', 1, /type: /],
  ['an end that only a pool can tell', { type: 'lost', reason: 'forged' }, /type: .*"lost"/],
  ['a result that is no text', { ...completion, result: 1 }, /result: expected a string, got 1/],
  ['a result of 2 MiB', { ...completion, result: 'x'.repeat(2 * MIB) }, /result: .*1048576/],
  ['a delay that is no number', { ...snooze, delay: Number.NaN }, /delay: .*got NaN/],
  ['an endless delay', { ...snooze, delay: Infinity }, /delay: .*got Infinity/],
  ['a time that is no number', { ...failure, retryAt: Number.NaN }, /retryAt: .*got NaN/],
  ['a time that is a text', { ...failure, retryAt: '5' }, /retryAt: .*got "5"/],
  ['no error', { ...failure, error: undefined }, /error.name: expected a string/],
  ['an error without a message', error({ message: null }), /error.message: .*got null/],
  ['an error with a stack of numbers', error({ stack: 5 }), /error.stack: /],
  ['an error that is no JSON', error({ fields: { n: 1n } }), /error: expected JSON/],
  ['an error of 1 MiB', error({ message: 'x'.repeat(MIB) }), /error: expected at most/],
  ['a permanence that is no flag', { ...failure, permanent: 'yes' }, /permanent: .*"yes"/],
  ['no follow-ups', { ...completion, followUps: undefined }, /followUps: expected an array/],
  [
    'too many follow-ups',
    { ...completion, followUps: Array.from({ length: 1_001 }, () => aJob()) },
    /followUps.length: .*got 1001/,
  ],
  [
    'too large follow-ups',
    { ...completion, followUps: Array.from({ length: 17 }, () => aJob({ payload: large() })) },
    /bytes of followUps: .*16777216/,
  ],
  ['a follow-up that is null', { ...completion, followUps: [null] }, /kind: expected a string/],
  ['a follow-up of no kind', followUp({ kind: '' }), /kind: /],
  ['a follow-up without a payload', followUp({ payload: {} }), /payload: expected a string/],
  ['a follow-up with a key of numbers', followUp({ dedupeKey: 5 }), /dedupeKey: /],
  ['a follow-up with a group of numbers', followUp({ group: 5 }), /group: /],
  ['a follow-up with half a priority', followUp({ priority: 0.5 }), /priority: /],
  ['a follow-up that is due at no time', followUp({ runAt: Number.NaN }), /runAt: .*NaN/],
  ['a follow-up without attempts', followUp({ maxAttempts: 0 }), /maxAttempts: /],
  ['a follow-up with overrides that are a number', followUp({ overrides: 5 }), /overrides: /],
  ['a follow-up with no timeout', followUp({ overrides: { timeout: 0 } }), /timeout: /],
  ['deliveries that are no array', { ...failure, deliveries: {} }, /deliveries: expected an array/],
  ['a delivery that is a number', { ...failure, deliveries: [1] }, /delivery.webhookId: /],
  ['a delivery with a body of numbers', delivery({ requestBody: 5 }), /delivery.requestBody: /],
  ['a delivery at no time', delivery({ at: Number.NaN }), /delivery.at: .*of type number/],
  ['a delivery with odd headers', delivery({ requestHeaders: { a: 1 } }), /requestHeaders: /],
]

function large(): string {
  return 'x'.repeat(MIB - 2)
}

describe('what a thread reports is checked at the border', () => {
  for (const outcome of [undefined, ...WHOLE]) {
    test(`a whole outcome passes as it is: ${outcome?.type ?? 'nothing to tell'}`, () => {
      const report = { slot: 1, token: 7, outcome, took: 0.5 }
      assert.deepEqual(reportsOf([report]), [{ ...report, units: 0 }])
    })
  }

  for (const [what, outcome, problem] of DAMAGED) {
    test(`an outcome with ${what} makes the job dead, and the error names the problem`, () => {
      const [report] = reportsOf([{ slot: 1, token: 7, outcome, took: 1 }])
      assert.ok(report?.outcome?.type === 'failed')
      const { error: reason, permanent, retryAt, deliveries } = report.outcome
      assert.deepEqual([permanent, retryAt, deliveries], [true, undefined, []])
      assert.equal(reason.name, 'OutcomeError')
      assert.match(reason.message, /^the outcome of the run is damaged: /)
      assert.match(reason.message, problem)
    })
  }

  test('a duration that is invalid is left out, and the rest of the report stays', () => {
    for (const took of [Number.NaN, -1, Infinity, '1', null, undefined, {}]) {
      const [report] = reportsOf([{ slot: 1, token: 7, outcome: completion, took }])
      const expected = { slot: 1, token: 7, outcome: completion, took: undefined, units: 0 }
      assert.deepEqual(report, expected)
    }
  })

  test('reports that name no run are left out, and the others stay', () => {
    const whole = { slot: 0, token: 5, outcome: undefined, took: 1, units: 0 }
    const odd = [null, undefined, 1, 'x', [], {}, { slot: 0.5, token: 1 }, { slot: 1, token: '1' }]
    assert.deepEqual(reportsOf([...odd, whole, ...odd]), [whole])
    for (const received of odd) assert.deepEqual(reportsOf(received), [])
  })
})

for (const concurrency of [1, 3]) {
  describe(`in a thread that runs ${concurrency} at a time`, () => {
    test('a handler that forges its outcome fails for good, and harms no job', async (t) => {
      const lane = await openLane(t, { concurrency })
      const outcome = await lane.run('forgesOutcome', { type: 'snoozed', delay: 'soon' })
      assert.match(failed(outcome).message, /deliveries: expected an array/)
      assert.ok(outcome.type === 'failed' && outcome.permanent)
      await lane.worksOn()
    })

    test('a handler that replaces globals changes nothing for later jobs', async (t) => {
      const lane = await openLane(t, { concurrency, logLevel: 40 })
      assert.deepEqual(completed(await lane.run('replacesGlobals')), { own: 1 })
      await lane.worksOn()
      assert.ok(lane.pool.cost('echo') > 0 && lane.pool.cost('echo') <= 1)
      assert.deepEqual(completed(await lane.run('returnsObject')), { size: 3 })
      await lane.run('progresses')
      assert.deepEqual(
        lane.recorder.progress.map(({ value }) => value),
        [{ done: 1 }, [2]],
      )
      const enqueued = await lane.run('enqueues')
      assert.ok(enqueued.type === 'completed' && enqueued.followUps.length === 1)
      const recorded = await lane.run('records', aDelivery({ responseBody: null }))
      assert.ok(recorded.type === 'completed' && recorded.deliveries.length === 1)
      await lane.run('logs')
      assert.equal(
        lane.recorder.lines.some(({ fields }) => fields.repo === 7),
        true,
      )
      const timedOut = await lane.run('failsAtItsFlag', {}, { timeout: 20, grace: 5_000 })
      assert.equal(timedOut.type, 'timedOut')
      assert.deepEqual(lane.downs, [])
    })
  })
}

test('a delivery record that is invalid is refused where the handler makes it', async (t) => {
  const lane = await openLane(t)
  const outcome = await lane.run('records', { ...aDelivery({ responseBody: null }), url: 5 })
  assert.equal(
    failed(outcome).message,
    'delivery.url: expected a string, got a value of type number',
  )
  assert.ok(outcome.type === 'failed' && !outcome.permanent)
})
