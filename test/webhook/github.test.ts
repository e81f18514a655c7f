import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { WebhookRecord } from '../../src/job/delivery.ts'
import {
  deliveriesJson,
  deliveryDetailJson,
  deliveryJson,
  hookJson,
  hooksJson,
  newWebhookOf,
  updatedWebhookOf,
} from '../../src/webhook/github.ts'
import { encodeBody } from '../../src/job/body.ts'
import { aDelivery, refusal } from '../support/jobs.ts'

const HOOKS = 'https://forge.example/api/v3/repos/octo/hello/hooks'

function record(more: Partial<WebhookRecord> = {}): WebhookRecord {
  return {
    id: 7,
    url: 'https://example.org/hook?a=b',
    contentType: 'json',
    events: ['push', 'pull_request'],
    active: true,
    insecureTls: false,
    target: { type: 'repository', id: 5 },
    standard: true,
    hasSecret: true,
    hasAuthorization: true,
    previousSecretUntil: null,
    createdAt: Date.UTC(2019, 5, 3, 0, 57, 16, 789),
    failingSince: null,
    disabledAt: null,
    disabledReason: null,
    updatedAt: Date.UTC(2019, 5, 4),
    lastResponse: null,
    ...more,
  }
}

describe('the JSON of a hook', () => {
  it("has GitHub's shape", () => {
    assert.deepEqual(hookJson(record(), HOOKS), {
      type: 'Repository',
      id: 7,
      name: 'web',
      active: true,
      events: ['push', 'pull_request'],
      config: {
        url: 'https://example.org/hook?a=b',
        content_type: 'json',
        insecure_ssl: '0',
        secret: '********',
      },
      updated_at: '2019-06-04T00:00:00Z',
      created_at: '2019-06-03T00:57:16Z',
      url: `${HOOKS}/7`,
      test_url: `${HOOKS}/7/tests`,
      ping_url: `${HOOKS}/7/pings`,
      deliveries_url: `${HOOKS}/7/deliveries`,
      last_response: { code: null, status: 'unused', message: null },
    })
  })

  it('shows the last response, and no secret of a hook without one', () => {
    const lastResponse = { code: 200, status: 'OK', message: 'OK' }
    const target = { type: 'organization', id: 5 }
    const more = { hasSecret: false, insecureTls: true, contentType: 'form', lastResponse, target }
    const [json] = hooksJson([record(more as Partial<WebhookRecord>)], HOOKS)
    assert.deepEqual(json?.config, {
      url: 'https://example.org/hook?a=b',
      content_type: 'form',
      insecure_ssl: '1',
    })
    assert.deepEqual(json.last_response, lastResponse)
    assert.equal(json.type, 'Organization')
    assert.equal(hookJson(record({ target: null }), HOOKS).type, 'Repository')
  })
})

describe('the JSON of a delivery', () => {
  const attempt = {
    ...aDelivery({ at: Date.UTC(2019, 5, 3, 0, 57, 16), durationMs: 274.4 }),
    id: 12,
  }

  it("has GitHub's shape in a list", () => {
    assert.deepEqual(deliveriesJson([attempt], record()), [
      {
        id: 12,
        guid: '0b989ba4-242f-11e5-81e1-c7b6966d2516',
        delivered_at: '2019-06-03T00:57:16Z',
        redelivery: false,
        duration: 0.27,
        status: 'OK',
        status_code: 200,
        event: 'push',
        action: null,
        installation_id: null,
        repository_id: 5,
        throttled_at: null,
      },
    ])
  })

  it('shows an attempt without a response, and a redelivery for an organization', () => {
    const failed = { ...attempt, status: null, error: 'connect ECONNREFUSED', redelivery: true }
    const json = deliveryJson(failed, record({ target: { type: 'organization', id: 5 } }))
    assert.deepEqual(
      [json.status, json.status_code, json.redelivery, json.repository_id],
      ['failed to connect', 0, true, null],
    )
    const error = 'expected a 2xx status, got 500'
    const refused = deliveryJson({ ...attempt, status: 500, error }, record())
    assert.deepEqual([refused.status, refused.status_code], ['Invalid HTTP Response: 500', 500])
    const detail = deliveryDetailJson(
      { ...failed, responseBody: null, responseHeaders: null },
      record(),
    )
    assert.deepEqual(detail.response, { headers: null, payload: null })
  })

  it('tells attempts that go on, were interrupted or never sent from failures', () => {
    const unanswered = { ...attempt, status: null, requestBody: '' }
    const attempts = [
      { ...unanswered, outcome: null },
      { ...unanswered, outcome: 'interrupted', error: 'the thread has died' },
      { ...unanswered, outcome: 'never sent', error: 'not sent: the hook is inactive' },
    ] as const
    const json = attempts.map((one) => deliveryDetailJson(one, record()))
    assert.deepEqual(
      json.map(({ status, status_code, request }) => [status, status_code, request.payload]),
      [
        ['pending', 0, null],
        ['interrupted', 0, null],
        ['never sent', 0, null],
      ],
    )
  })

  for (const contentType of ['json', 'form'] as const) {
    it(`shows the request in ${contentType}, and the response`, () => {
      const payload = { text: 'é🎉\u2028 &=+%', half: '\ud800' }
      const requestBody = Buffer.from(encodeBody(contentType, payload).bytes).toString()
      const json = deliveryDetailJson({ ...attempt, requestBody }, record())
      assert.equal(json.url, attempt.url)
      assert.deepEqual(json.request, { headers: attempt.requestHeaders, payload })
      assert.deepEqual(json.response, { headers: attempt.responseHeaders, payload: 'ok' })
    })
  }
})

describe('newWebhookOf', () => {
  const url = 'https://example.org/hook'

  it("has GitHub's defaults", () => {
    const hook = newWebhookOf({ config: { url } })
    assert.deepEqual(hook, { url, contentType: 'form', insecureTls: false, secret: null })
  })

  it('has the settings of the body', () => {
    const config = { url, content_type: 'json', secret: 'key', insecure_ssl: '1', digest: 'x' }
    const body = { name: 'web', active: false, events: ['push', '*'], config, unheard: 'of' }
    assert.deepEqual(newWebhookOf(body), {
      url,
      contentType: 'json',
      insecureTls: true,
      secret: 'key',
      active: false,
      events: ['push', '*'],
    })
    assert.equal(newWebhookOf({ config: { url, insecure_ssl: 1 } }).insecureTls, true)
    assert.equal(newWebhookOf({ config: { url, secret: '' } }).secret, null)
  })

  const bad: [unknown, string][] = [
    [null, 'body'],
    [[], 'body'],
    [{}, 'config'],
    [{ config: 'x' }, 'config'],
    [{ config: {} }, 'config.url'],
    [{ config: { url: 5 } }, 'config.url'],
    [{ config: { url: 'ftp://example.org' } }, 'config.url'],
    [{ config: { url: 'https://u:hunter2@example.org' } }, 'config.url'],
    [{ config: { url, content_type: 'xml' } }, 'config.content_type'],
    [{ config: { url, insecure_ssl: true } }, 'config.insecure_ssl'],
    [{ config: { url, secret: 5 } }, 'config.secret'],
    [{ config: { url, secret: '********' } }, 'config.secret'],
    [{ config: { url }, events: 'push' }, 'events'],
    [{ config: { url }, events: [5] }, 'events'],
    [{ config: { url }, active: 'yes' }, 'active'],
    [{ config: { url }, name: 'email' }, 'name'],
  ]
  for (const [body, named] of bad) {
    it(`I10: is refused as ${JSON.stringify(body)}`, () => {
      const refused = refusal('HELVE_ERR_OPTION', `${named}: expected`)
      assert.throws(
        () => newWebhookOf(body),
        (error) => refused(error) && !String(error).includes('hunter2'),
      )
    })
  }
})

describe('updatedWebhookOf', () => {
  const { url } = record()
  const kept = {
    url,
    contentType: 'json',
    insecureTls: false,
    standard: true,
    target: { type: 'repository', id: 5 },
  }

  it('keeps every setting that the body does not name, secrets too', () => {
    const events = ['push', 'pull_request']
    assert.deepEqual(updatedWebhookOf({}, record()), { ...kept, active: true, events })
    assert.deepEqual(updatedWebhookOf({ active: false }, record()), {
      ...kept,
      active: false,
      events,
    })
  })

  it('replaces the whole config: a config without a secret removes the secret', () => {
    const config = { url: 'https://example.org/other' }
    const hook = updatedWebhookOf({ config }, record())
    assert.deepEqual([hook.url, hook.contentType, hook.secret], [config.url, 'form', null])
    const given = updatedWebhookOf({ config: { url, secret: 'newer' } }, record())
    assert.equal(given.secret, 'newer')
  })

  it('keeps the secret when a client sends back the mask', () => {
    const { config } = hookJson(record(), HOOKS)
    assert.ok(!('secret' in updatedWebhookOf({ config }, record())))
  })

  it('adds and removes events', () => {
    const events = (body: object) => updatedWebhookOf(body, record()).events
    assert.deepEqual(events({ add_events: ['issues', 'push'] }), ['push', 'pull_request', 'issues'])
    assert.deepEqual(events({ remove_events: ['push'] }), ['pull_request'])
    assert.deepEqual(events({ events: ['star'], add_events: ['fork'] }), ['star', 'fork'])
  })

  const bad: [unknown, string][] = [
    ['', 'body'],
    [{ config: null }, 'config'],
    [{ config: {} }, 'config.url'],
    [{ add_events: 'push' }, 'add_events'],
    [{ remove_events: 5 }, 'remove_events'],
    [{ events: {} }, 'events'],
    [{ add_events: [''] }, 'events'],
    [{ active: null }, 'active'],
  ]
  for (const [body, named] of bad) {
    it(`I10: is refused as ${JSON.stringify(body)}`, () => {
      const refused = refusal('HELVE_ERR_OPTION', `${named}: expected`)
      assert.throws(() => updatedWebhookOf(body, record()), refused)
    })
  }
})
