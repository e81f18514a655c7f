import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { checkHookUrl } from '../../../src/webhook/guard/hook-url.ts'
import { HostResolver, type Resolver } from '../../../src/webhook/guard/resolver.ts'
import { answers, guard } from '../../support/webhook/guard.ts'

const url = 'https://ci.example/hook?token=s3cret'

function check(resolver: Resolver, given: unknown): Promise<void> {
  return checkHookUrl(given as string, guard({}, resolver), 50)
}

describe('checkHookUrl', () => {
  it('names host, address and setting when it refuses a URL', async () => {
    const message = 'url: expected a host that the setting webhooks.allow permits, got'
    await assert.rejects(check(answers([]), 'http://10.0.0.7/?s3cret'), {
      name: 'HelveError',
      code: 'HELVE_ERR_OPTION',
      message: `${message} 10.0.0.7 (private)`,
    })
    await assert.rejects(check(answers(['8.8.8.8', '10.0.0.7']), url), {
      code: 'HELVE_ERR_OPTION',
      message: `${message} ci.example at 10.0.0.7 (private)`,
    })
  })

  it('refuses a value that is no URL', async () => {
    for (const given of ['', 'ftp://ci.example', undefined, null, 7, {}, new URL(url)]) {
      await assert.rejects(check(answers(['8.8.8.8']), given), { code: 'HELVE_ERR_OPTION' })
    }
  })

  it('accepts a public host', async () => {
    await check(answers(['8.8.8.8', '2606:4700::1111']), url)
    await check(answers([]), 'http://8.8.8.8/')
  })

  it('accepts a name that does not resolve, or does not resolve in time', async () => {
    await check(answers(Object.assign(new Error('no'), { code: 'ENOTFOUND' })), url)
    await check(answers([]), url)
    await check(new HostResolver({ ask: () => new Promise(() => undefined) }), url)
  })
})
