import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DEFAULT_POLICY, policyOf, type KindOptions } from '../../src/job/policy.ts'
import { refusal } from '../support/jobs.ts'

const LANES = new Map([
  ['default', {}],
  ['bulk', {}],
])

/** One good value for each option of a kind. */
const GIVEN: Required<KindOptions> = {
  maxAttempts: 2,
  backoff: { type: 'fixed' },
  timeout: 30,
  grace: 40,
  alone: true,
  lane: 'bulk',
  maxAge: 50,
  concurrency: 6,
  rate: { limit: 7, per: 70 },
  group: 'all',
  groupConcurrency: 8,
  groupRate: { limit: 9, per: 90 },
  endpointConcurrency: 10,
  breaker: { failures: 3, ratio: 0.5, runs: 4, window: 60, pause: 10, maxPause: 20 },
  priority: -1,
  delay: 100,
  schema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
}

describe('the policy of a kind', () => {
  test('has the documented default for each option that the kind does not give', () => {
    const backoff = { type: 'exponential', delay: 2_000, maxDelay: 300_000, jitter: 0.1 }
    const usual = {
      ...{ maxAttempts: 5, backoff, timeout: 600_000, grace: 1_000, alone: false },
      ...{ lane: 'default', maxAge: 604_800_000, concurrency: Infinity, rate: undefined },
      ...{ group: undefined, groupConcurrency: 1, groupRate: undefined },
      ...{ endpointConcurrency: 8, breaker: undefined },
      ...{ priority: 0, delay: 0, schema: undefined },
    }
    assert.deepEqual(DEFAULT_POLICY, usual)
    const given = { timeout: undefined, group: undefined, schema: undefined }
    assert.deepEqual(policyOf(given as object, LANES), usual)
  })

  test('has each value that the kind gives', () => {
    assert.deepEqual(policyOf(GIVEN, LANES), GIVEN)
    const priority = policyOf({ priority: 3 }, LANES)
    assert.deepEqual(priority, { ...DEFAULT_POLICY, priority: 3 })
  })

  test('has a backoff whose fields are inherited', () => {
    const backoff = Object.create({ delay: 5 }) as { delay: number }
    assert.deepEqual(policyOf({ backoff }, LANES).backoff, { delay: 5 })
  })

  test('stays as it is when the host changes the options afterwards', () => {
    const options = { ...GIVEN, rate: { limit: 1, per: 1 }, backoff: { delay: 1 } }
    const policy = policyOf(options, LANES)
    Object.assign(options, { priority: 5, delay: -1 })
    Object.assign(options.rate, { limit: 0 })
    Object.assign(options.backoff, { delay: -1 })
    assert.deepEqual(policy, { ...GIVEN, rate: { limit: 1, per: 1 }, backoff: { delay: 1 } })
  })

  for (const option of Object.keys(GIVEN)) {
    for (const bad of [null, Symbol('bad')]) {
      test(`I10: refuses ${String(bad)} for ${option}, by its name`, () => {
        const refused = refusal('HELVE_ERR_OPTION', `${option}: expected`)
        assert.throws(() => policyOf({ [option]: bad }, LANES), refused)
      })
    }
  }

  test('I10: refuses a misspelt option, and names all options', () => {
    const named = `options: expected one of ${Object.keys(GIVEN).join(', ')}, got "retries"`
    const refused = refusal('HELVE_ERR_OPTION', named)
    assert.throws(() => policyOf({ retries: 1 } as object, LANES), refused)
  })
})
