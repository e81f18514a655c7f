import assert from 'node:assert/strict'
import { it } from 'node:test'
import { maskUrl } from '../../src/job/mask-url.ts'
import { EchoMask, maskHeaders } from '../../src/webhook/redact.ts'

const urls: [string, string][] = [
  ['https://host:8080/a/b', 'https://host:8080/a/b'],
  ['https://host/a?token=s3cret&x=1', 'https://host/a?token=***&x=***'],
  ['https://host/?s3cret', 'https://host/?***'],
  ['https://host/?a=s3=cret&&b', 'https://host/?a=***&***&***'],
  ['https://user:s3@cret@host/a@b', 'https://***@host/a@b'],
  ['https:\\\\user:s3cret@host/', 'https:\\\\***@host/'],
  ['//user:s3cret@host/', '//***@host/'],
  ['/callback?code=s3cret#token=s3cret', '/callback?code=***#***'],
  ['no url at all?s3cret', 'no url at all?***'],
]
for (const [url, masked] of urls) {
  it(`masks ${url}`, () => assert.equal(maskUrl(url), masked))
}

it('masks cookies and the query of a redirect, and keeps all other headers', () => {
  const headers = {
    'set-cookie': ['session=s3cret', 'b=s3cret'],
    'Set-Cookie': 'session=s3cret',
    location: 'https://host/?token=s3cret',
    'x-request-id': '1',
    link: ['</a>', '</b>'],
    Authorization: 'Bearer s3cret',
  }
  assert.deepEqual(maskHeaders(headers), {
    'set-cookie': ['***', '***'],
    'Set-Cookie': '***',
    location: 'https://host/?token=***',
    'x-request-id': '1',
    link: ['</a>', '</b>'],
    Authorization: '***',
  })
})

it('masks the authorization and query values that a response repeats', () => {
  const authorization = 'Bearer s3cret-token'
  const echo = new EchoMask({ url: 'https://host/?a=1&token=s3cret%20query', authorization })
  assert.equal(
    echo.text(`${authorization} s3cret-token ?token=s3cret%20query s3cret query 1`),
    '*** *** ?token=*** *** 1',
  )
  const bytes = Buffer.from(`é ${authorization}`)
  assert.equal(Buffer.from(echo.bytes(bytes)).toString(), 'é ***')
  assert.deepEqual(echo.headers({ a: authorization, b: ['s3cret-token', 'x'] }), {
    a: '***',
    b: ['***', 'x'],
  })
})

it('leaves a response that repeats nothing as it is', () => {
  const bytes = Uint8Array.of(0, 255, 128)
  assert.equal(new EchoMask({ url: 'https://host/?a=1' }).bytes(bytes), bytes)
  const echo = new EchoMask({ url: 'no url', authorization: 'Bearer s3cret-token' })
  assert.equal(echo.bytes(bytes), bytes)
})
