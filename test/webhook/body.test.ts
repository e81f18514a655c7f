import assert from 'node:assert/strict'
import { it } from 'node:test'
import { encodeBody } from '../../src/webhook/body.ts'

const payload = { ref: 'refs/heads/a&b=c', text: 'é🎉\u2028 +%', half: '\ud83d' }

for (const contentType of ['json', 'form'] as const) {
  it(`gives a text that encodes to exactly the bytes for ${contentType}`, () => {
    const { text, bytes } = encodeBody(contentType, payload)
    assert.equal(Buffer.from(bytes).toString(), text)
    assert.deepEqual(encodeBody(contentType, structuredClone(payload)).bytes, bytes)
  })
}

it('sends JSON as it is', () => {
  const { mediaType, text } = encodeBody('json', payload)
  assert.equal(mediaType, 'application/json')
  assert.deepEqual(JSON.parse(text), payload)
  assert.match(text, /"half":"\\ud83d"/)
})

it('sends a form whose field payload is the JSON', () => {
  const { mediaType, text } = encodeBody('form', payload)
  assert.equal(mediaType, 'application/x-www-form-urlencoded')
  const fields = [...new URLSearchParams(text)]
  assert.deepEqual(fields, [['payload', JSON.stringify(payload)]])
})
