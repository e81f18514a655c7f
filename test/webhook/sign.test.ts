import assert from 'node:assert/strict'
import { it } from 'node:test'
import { Webhooks } from '@octokit/webhooks'
import { sign } from '../../src/webhook/sign.ts'

it('signs as the example in the documentation of GitHub does', () => {
  const signature = sign("It's a Secret to Everybody", Buffer.from('Hello, World!'))
  assert.equal(
    signature['X-Hub-Signature-256'],
    'sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17',
  )
})

it('signs by SHA-1 too', () => {
  // echo -n 'Hello, World!' | openssl dgst -sha1 -hmac "It's a Secret to Everybody"
  const signature = sign("It's a Secret to Everybody", Buffer.from('Hello, World!'))
  assert.equal(signature['X-Hub-Signature'], 'sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59')
})

it('gives the signature that a receiver computes, with any characters', async () => {
  const secret = 'schlüssel🔑'
  const body = JSON.stringify({ text: 'é🎉\u2028\u2029\ud800' })
  const { 'X-Hub-Signature-256': signature } = sign(secret, Buffer.from(body))
  assert.equal(await new Webhooks({ secret }).verify(body, signature), true)
  assert.equal(await new Webhooks({ secret: 'another' }).verify(body, signature), false)
})
