import assert from 'node:assert/strict'
import { it } from 'node:test'
import { encodeBody } from '../../src/job/body.ts'

const payload = { ref: 'refs/heads/a&b=c', text: 'é🎉\u2028 +%', half: '\ud83d' }

for (const contentType of ['json', 'form'] as const) {
  it(`gives the same bytes for an object, its copy, and its JSON, for ${contentType}`, () => {
    const { bytes } = encodeBody(contentType, payload)
    assert.deepEqual(encodeBody(contentType, structuredClone(payload)).bytes, bytes)
    const json = new TextEncoder().encode(JSON.stringify(payload))
    assert.deepEqual(encodeBody(contentType, json).bytes, bytes)
  })
}

function textOf({ bytes }: { bytes: Uint8Array }): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
}

it('sends JSON as it is', () => {
  const body = encodeBody('json', payload)
  const text = textOf(body)
  assert.equal(body.mediaType, 'application/json')
  assert.deepEqual(JSON.parse(text), payload)
  assert.match(text, /"half":"\\ud83d"/)
})

it('sends a form whose field payload is the JSON', () => {
  const body = encodeBody('form', payload)
  assert.equal(body.mediaType, 'application/x-www-form-urlencoded')
  const fields = [...new URLSearchParams(textOf(body))]
  assert.deepEqual(fields, [['payload', JSON.stringify(payload)]])
})
