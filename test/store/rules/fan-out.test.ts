import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { NewPublication } from '../../../src/job/publication.ts'
import {
  deliveryJob,
  MOST_WAITING,
  notSent,
  reasonOf,
  subscribes,
} from '../../../src/store/rules/fan-out.ts'
import { deliverWebhookPolicy } from '../../../src/webhook/schedule.ts'

const HOOK = { id: 3, url: 'http://a/', events: ['push', 'issues'], active: true }

function aPublication(over: Partial<NewPublication> = {}): NewPublication {
  return {
    ...{ guid: '72d3162e-cc78-11e3-81ab-4c9367dc0958', event: 'push', action: null },
    ...{ targets: [], json: '{}', hash: '', ...over },
  }
}

describe('a hook', () => {
  test('wants the events that it subscribes to, or all', () => {
    assert.equal(subscribes(HOOK, aPublication()), true)
    assert.equal(subscribes(HOOK, aPublication({ event: 'pus' })), false)
    assert.equal(subscribes(HOOK, aPublication({ event: '*' })), false)
    assert.equal(subscribes({ ...HOOK, events: ['*'] }, aPublication({ event: 'fork' })), true)
    assert.equal(subscribes({ ...HOOK, events: [] }, aPublication()), false)
  })

  test('wants an event for one hook only if it is that hook, whatever it subscribes to', () => {
    assert.equal(subscribes({ ...HOOK, events: [] }, aPublication({ hook: 3 })), true)
    assert.equal(subscribes({ ...HOOK, events: ['*'] }, aPublication({ hook: 4 })), false)
  })
})

describe('a delivery', () => {
  const none = (): number => 0
  const inactive = { ...HOOK, active: false }
  const never = (): number => assert.fail('counted in vain')

  test('is sent to an active hook', () => {
    assert.equal(notSent(aPublication(), HOOK, none), null)
    assert.equal(
      notSent(aPublication(), HOOK, () => MOST_WAITING - 1),
      null,
    )
  })

  test('is not sent to an inactive hook, unless it is a ping for that one hook', () => {
    assert.equal(notSent(aPublication(), inactive, never), 'inactive')
    assert.equal(notSent(aPublication({ hook: 3 }), inactive, never), 'inactive')
    assert.equal(notSent(aPublication({ event: 'ping' }), inactive, never), 'inactive')
    assert.equal(notSent(aPublication({ event: 'ping', hook: 3 }), inactive, none), null)
  })

  test('is not sent with a body that is too large, or behind too many others', () => {
    assert.equal(notSent(aPublication({ json: undefined }), HOOK, never), 'too large')
    assert.equal(
      notSent(aPublication(), HOOK, () => MOST_WAITING),
      'backlog',
    )
    const ping = aPublication({ event: 'ping', hook: 3 })
    assert.equal(
      notSent(ping, inactive, () => MOST_WAITING),
      'backlog',
    )
  })

  test('says in words why it is not sent', () => {
    assert.equal(reasonOf('inactive'), 'not sent: the hook is inactive')
    assert.equal(reasonOf('too large'), 'not sent: the body has more than 25 MB')
    assert.equal(reasonOf('backlog'), 'not sent: 10000 deliveries of the hook wait already')
  })

  test('has a job in the group that the policy of the kind gives to the hook', () => {
    const job = deliveryJob(9, 3, { event: 'push', now: 7, maxAttempts: 1 })
    const payload = JSON.parse(job.payload) as { webhook_pk: number }
    assert.deepEqual(payload, { webhook_pk: 3, event: 'push', delivery: 9 })
    assert.equal(job.group, deliverWebhookPolicy().group(payload))
    assert.deepEqual([job.kind, job.runAt, job.maxAttempts], ['deliver_webhook', 7, 1])
    assert.equal(job.dedupeKey, null)
  })
})
