import assert from 'node:assert/strict'
import { it } from 'node:test'
import { encodeBody } from '../../src/job/body.ts'
import { DEFAULT_USER_AGENT, deliveryHeaders } from '../../src/webhook/headers.ts'
import { webhook } from '../support/webhook/webhook.ts'

const guid = '72d3162e-cc78-11e3-81ab-4c9367dc0958'
const delivery = { event: 'push', guid, at: 1_800_000_000_999 }
const body = encodeBody('json', {})

it('sends the headers of GitHub, and no others', () => {
  const hook = webhook({ id: 7, secret: 'key', target: { type: 'organization', id: 5 } })
  assert.deepEqual(deliveryHeaders(hook, delivery, body, DEFAULT_USER_AGENT), {
    Accept: '*/*',
    'Accept-Encoding': 'identity',
    'Content-Type': 'application/json',
    'User-Agent': 'GitHub-Hookshot/helve',
    'X-GitHub-Delivery': '72d3162e-cc78-11e3-81ab-4c9367dc0958',
    'X-GitHub-Event': 'push',
    'X-GitHub-Hook-ID': '7',
    'X-GitHub-Hook-Installation-Target-ID': '5',
    'X-GitHub-Hook-Installation-Target-Type': 'organization',
    'X-Hub-Signature': 'sha1=c9963b837183dc667106461b3de91d0885f539b3',
    'X-Hub-Signature-256':
      'sha256=a777724d943eb48dc69bca8a4a6d57a04db3f9ec7e1de4e581e860265bdf3032',
  })
})

it('sends no signature without a secret, and no target headers without a target', () => {
  const headers = deliveryHeaders(webhook({ secret: null }), delivery, body, DEFAULT_USER_AGENT)
  assert.deepEqual(
    Object.keys(headers).filter((name) => /signature|target/i.test(name)),
    [],
  )
})
