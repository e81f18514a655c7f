import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { guidOf } from './event.ts'
import { judge, type Remains } from './judge.ts'

const [guid, hook] = [guidOf(7), 1]
const POST = { hook, guid, n: 7, end: 'answered' as const }
const DELIVERY = { hook, guid, delivered: true }
const OK = { hook, guid, outcome: 'ok' }

/** What is left when one event was delivered by its second request, after a kill. */
function remains(over: Partial<Remains> = {}): Remains {
  return {
    acknowledged: [7],
    hooks: [hook],
    posts: [{ ...POST, end: 'killed' }, POST],
    attempts: [{ ...OK, outcome: 'interrupted' }, OK],
    deliveries: [DELIVERY],
    jobs: 0,
    ...over,
  }
}

describe('the judge of kills while requests are under way', () => {
  test('accepts a killed request and its repetition', () => {
    judge(remains())
  })

  const violations: Record<string, [RegExp, Partial<Remains>]> = {
    'an event that one of its hooks has not received': [
      /an acknowledged event was never received: "hook 2,/,
      { hooks: [hook, 2] },
    ],
    'an event without a delivery': [
      /an acknowledged event has no delivery/,
      { deliveries: [{ ...DELIVERY, hook: 2 }] },
    ],
    'two deliveries of an event to one hook': [
      /an event has two deliveries/,
      { deliveries: [DELIVERY, DELIVERY] },
    ],
    'a delivery that was written and never made': [
      /a delivery was never made/,
      {
        deliveries: [DELIVERY, { ...DELIVERY, guid: guidOf(8), delivered: false }],
      },
    ],
    'another GUID for the repetition': [
      /an event came with another GUID/,
      { posts: [POST, { ...POST, guid: guidOf(8) }] },
    ],
    'a killed request without a record': [/a killed request has no record/, { attempts: [OK, OK] }],
    'an answered request without a record': [
      /a request has no record/,
      { posts: [POST, POST], attempts: [OK] },
    ],
    'a record that is open': [
      /the record of an attempt is open/,
      { attempts: [{ ...OK, outcome: null }, OK] },
    ],
    'a record of a failure': [
      /an attempt has an end that nobody has made/,
      { attempts: [{ ...OK, outcome: 'temporary' }, OK] },
    ],
    'a job that is left': [/jobs are left/, { jobs: 1 }],
  }
  for (const [what, [expected, over]] of Object.entries(violations)) {
    test(`finds ${what}`, () => {
      assert.throws(() => judge(remains(over)), expected)
    })
  }
})
