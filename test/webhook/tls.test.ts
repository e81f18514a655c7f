import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import https from 'node:https'
import { describe, it, type TestContext } from 'node:test'
import type { TlsOptions } from 'node:tls'
import { post } from '../../src/webhook/client.ts'
import { listen, request } from '../support/webhook/endpoints.ts'
import { answers, guard } from '../support/webhook/guard.ts'

const pem = selfSigned()

describe('post over TLS', { concurrency: true, skip: pem === undefined && 'no openssl' }, () => {
  it('refuses a self-signed certificate', async (t) => {
    await assert.rejects(post(request(await tlsEndpoint(t))), {
      name: 'TransportError',
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      message: /^self-signed certificate/,
    })
  })

  it('accepts a self-signed certificate for a hook with insecureTls', async (t) => {
    const url = await tlsEndpoint(t)
    assert.equal((await post(request(url, { insecureTls: true }))).status, 204)
  })

  it('delivers to an allowed name', async (t) => {
    const url = (await tlsEndpoint(t)).replace('127.0.0.1', 'ci.example')
    const rules = { allow: ['ci.example'], ports: ['1-65535'] } as const
    const judge = guard(rules, answers(['127.0.0.1']))
    assert.equal((await post(request(url, { insecureTls: true, guard: judge }))).status, 204)
  })

  it('refuses TLS 1.1, also for a hook with insecureTls', async (t) => {
    const ciphers = 'DEFAULT@SECLEVEL=0'
    const url = await tlsEndpoint(t, { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers })
    await assert.rejects(post(request(url, { insecureTls: true })), { code: /SSL|PROTO/ })
  })
})

async function tlsEndpoint(t: TestContext, options: TlsOptions = {}): Promise<string> {
  const server = https.createServer({ key: pem!, cert: pem!, ...options }, (received, response) => {
    received.resume()
    response.writeHead(204).end()
  })
  t.after(() => server.closeAllConnections())
  return `https://127.0.0.1:${await listen(t, server)}`
}

/** A key and its certificate; undefined without an openssl that can make them. */
function selfSigned(): string | undefined {
  const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1']
  const name = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1']
  const output = ['-keyout', '-', '-out', '-']
  try {
    return execFileSync('openssl', ['req', '-x509', '-nodes', ...curve, ...name, ...output], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
  } catch {
    return undefined
  }
}
