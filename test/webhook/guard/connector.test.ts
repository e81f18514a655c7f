import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import net, { type Socket } from 'node:net'
import { join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { buildConnector } from 'undici'
import { isPermanent } from '../../../src/job/errors.ts'
import { post, type PostRequest } from '../../../src/webhook/client.ts'
import { guardedConnector } from '../../../src/webhook/guard/connector.ts'
import { AttemptTrace } from '../../../src/webhook/trace.ts'
import type { Guard } from '../../../src/webhook/guard/guard.ts'
import { checkHookUrl } from '../../../src/webhook/guard/hook-url.ts'
import { HostResolver } from '../../../src/webhook/guard/resolver.ts'
import { temporaryFolder } from '../../support/folder.ts'
import { httpEndpoint, listen, rawEndpoint, request } from '../../support/webhook/endpoints.ts'
import { answers, guard } from '../../support/webhook/guard.ts'

const EVERY_PORT = { ports: ['1-65535'] } as const

/** A server that keeps its connections, and its URL with `name` as the host. */
async function namedServer(t: TestContext, name: string): Promise<{ url: string; seen: Socket[] }> {
  const seen: Socket[] = []
  const server = net.createServer((socket) => {
    seen.push(socket)
    socket.on('error', () => undefined).resume()
  })
  t.after(() => seen.forEach((socket) => socket.destroy()))
  return { url: `http://${name}:${await listen(t, server)}/`, seen }
}

function blocked(came: string): (error: Error) => boolean {
  return (error) => {
    assert.equal(error.name, 'BlockedError')
    assert.equal(
      error.message,
      `url: expected a host that the setting webhooks.allow permits, got ${came}`,
    )
    return isPermanent(error)
  }
}

describe('post with a guard', { concurrency: true }, () => {
  it('judges a name again at the attempt, so that a changed address is refused', async (t) => {
    const { url, seen } = await namedServer(t, 'rebinds.example')
    const resolver = answers(['8.8.8.8'], ['127.0.0.1'])
    const judge = guard(EVERY_PORT, resolver)
    await checkHookUrl(url, judge)
    const attempt = post(request(url, { guard: judge }))
    await assert.rejects(attempt, blocked('rebinds.example at 127.0.0.1 (loopback)'))
    assert.deepEqual(resolver.asked, ['rebinds.example', 'rebinds.example'])
    assert.deepEqual(seen, [])
  })

  it('resolves the name once for each connection', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const resolver = answers(['127.0.0.1'], ['127.0.0.2'], ['127.0.0.3'])
    const judge = guard({ ...EVERY_PORT, allow: ['127.0.0.1'] }, resolver)
    const named = url.replace('127.0.0.1', 'ci.example')
    assert.equal((await post(request(named, { guard: judge }))).status, 200)
    assert.deepEqual(resolver.asked, ['ci.example'])
    const second = post(request(named, { guard: judge }))
    await assert.rejects(second, blocked('ci.example at 127.0.0.2 (loopback)'))
    assert.equal(received.length, 1)
  })

  it('refuses a name with permitted and refused addresses, in every order', async (t) => {
    const { url, seen } = await namedServer(t, 'mixed.example')
    for (const mixed of [
      ['127.0.0.1', '8.8.8.8'],
      ['8.8.8.8', '::1'],
      ['8.8.8.8', '::ffff:127.0.0.1'],
    ]) {
      // prettier-ignore
      const judge = guard(EVERY_PORT, answers(mixed))
      await assert.rejects(
        post(request(url, { guard: judge })),
        /^BlockedError: .*mixed\.example at/,
      )
    }
    assert.deepEqual(seen, [])
  })

  it('connects to no address of a URL that is refused', async (t) => {
    const { url, seen } = await namedServer(t, '127.0.0.1')
    const { port } = new URL(url)
    for (const host of ['127.0.0.1', '2130706433', '[::ffff:127.0.0.1]', 'localhost', '0']) {
      const attempt = post(request(`http://${host}:${port}/`, { guard: guard(EVERY_PORT) }))
      await assert.rejects(attempt, { name: 'BlockedError' })
    }
    assert.deepEqual(seen, [])
  })

  it('delivers to an allowed name, with the name in the header Host', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const named = url.replace('127.0.0.1', 'ci.corp.example.')
    const judge = guard({ ...EVERY_PORT, allow: ['*.corp.example'] }, answers(['127.0.0.1']))
    assert.equal((await post(request(named, { guard: judge }))).status, 200)
    assert.equal(received[0]?.headers.host, url.replace('http://127.0.0.1', 'ci.corp.example'))
    const other = url.replace('127.0.0.1', 'ci.other.example')
    await assert.rejects(
      post(request(other, { guard: judge })),
      blocked('ci.other.example at 127.0.0.1 (loopback)'),
    )
  })

  it('delivers to a name of the hosts file', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const hosts = join(await temporaryFolder(t), 'hosts')
    await writeFile(hosts, '127.0.0.1 CI.corp.example ci # the build machine\n')
    const resolver = new HostResolver({ hosts, ask: () => assert.fail('asked') })
    const judge = guard({ ...EVERY_PORT, allow: ['ci.corp.example'] }, resolver)
    const named = url.replace('127.0.0.1', 'ci.corp.example')
    assert.equal((await post(request(named, { guard: judge }))).status, 200)
    assert.equal(received.length, 1)
    const alias = url.replace('127.0.0.1', 'ci')
    await assert.rejects(
      post(request(alias, { guard: judge })),
      blocked('ci at 127.0.0.1 (loopback)'),
    )
  })

  it('delivers to the next address when the first one does not answer', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const judge = guard({ ...EVERY_PORT, allow: ['loopback'] }, answers(['127.0.0.2', '127.0.0.1']))
    assert.equal(
      (await post(request(url.replace('127.0.0.1', 'two.example'), { guard: judge }))).status,
      200,
    )
    assert.equal(received.length, 1)
  })

  it('delivers to every spelling of an allowed address', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    const { port } = new URL(url)
    const judge = guard({ ...EVERY_PORT, allow: ['127.0.0.1', '::1'] })
    const hosts = ['127.0.0.1', '2130706433', '0x7f.1', '[::ffff:127.0.0.1]', 'localhost']
    for (const host of hosts) {
      assert.equal((await post(request(`http://${host}:${port}/`, { guard: judge }))).status, 200)
    }
    assert.equal(received.length, hosts.length)
  })

  for (const status of [301, 302, 303, 307, 308]) {
    it(`does not follow a ${status} to a refused address`, async (t) => {
      const { url: inner, seen } = await namedServer(t, '127.0.0.1')
      const { url } = await httpEndpoint(t, (response) => {
        response.writeHead(status, { Location: inner }).end()
      })
      const judge = guard({ ...EVERY_PORT, allow: ['ci.example'] }, answers(['127.0.0.1']))
      const named = url.replace('127.0.0.1', 'ci.example')
      assert.equal((await post(request(named, { guard: judge }))).status, status)
      assert.deepEqual(seen, [])
    })
  }

  it('uses no proxy of the environment', async (t) => {
    const { url: proxy, seen } = await namedServer(t, '127.0.0.1')
    const names = ['HTTP_PROXY', 'http_proxy', 'HTTPS_PROXY', 'ALL_PROXY', 'NODE_USE_ENV_PROXY']
    for (const name of names) process.env[name] = proxy
    t.after(() => names.forEach((name) => delete process.env[name]))
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    assert.equal((await post(request(url))).status, 200)
    assert.equal(received.length, 1)
    assert.deepEqual(seen, [])
  })

  it('fails with the error of the lookup, and not for good', async () => {
    const failure = Object.assign(new Error('queryA ENOTFOUND gone.example'), { code: 'ENOTFOUND' })
    const judge = guard({}, answers(failure))
    await assert.rejects(
      post(request('http://gone.example/', { guard: judge })),
      (error: Error) => {
        assert.equal(error.name, 'TransportError')
        assert.equal(error.message, failure.message)
        return !isPermanent(error)
      },
    )
  })

  it('ends a lookup at the deadline, and when the signal aborts', async () => {
    let asked = (): void => undefined
    const ask = (): Promise<never> => (asked(), new Promise(() => undefined))
    const url = 'http://silent.example/'
    const attempt = (more: Partial<PostRequest>): Promise<unknown> => {
      const judge = guard({}, new HostResolver({ ask }))
      return post(request(url, { guard: judge, ...more }))
    }
    await assert.rejects(attempt({ timeout: 100 }), { message: 'no connection within 100 ms' })
    const controller = new AbortController()
    asked = () => controller.abort()
    await assert.rejects(attempt({ signal: controller.signal }), { code: 'ABORTED' })
  })
})

describe('guardedConnector', { concurrency: true }, () => {
  /** Connects through a socket that reports `peer` as the address of its peer. */
  function connect(
    judge: Guard,
    url: string,
    peer: string | undefined,
    options: buildConnector.BuildOptions = {},
  ): Promise<unknown> {
    const { hostname, port, protocol } = new URL(url)
    const { signal } = new AbortController()
    return new Promise((resolve, reject) => {
      const connector = guardedConnector(
        { guard: judge, signal, trace: new AttemptTrace() },
        (lookup) => {
          const real = buildConnector({ ...options, lookup }) as (...given: unknown[]) => Socket
          return (...given) => {
            const socket = real(...given)
            Object.defineProperty(socket, 'remoteAddress', { value: peer })
            return socket
          }
        },
      )
      connector({ hostname, port, protocol }, (error, socket) =>
        error ? reject(error) : resolve(socket?.destroy()),
      )
    })
  }

  const judge = guard({ ...EVERY_PORT, allow: ['external', '127.0.0.1'] }, answers(['127.0.0.1']))

  it('judges the peer once more', async (t) => {
    const { url } = await namedServer(t, 'moved.example')
    await connect(judge, url, '127.0.0.1')
    await connect(judge, url, '::ffff:127.0.0.1')
    for (const peer of ['127.0.0.2', '10.0.0.7', '::1', '::ffff:10.0.0.7', 'fe80::1%eth0']) {
      await assert.rejects(connect(judge, url, peer), (error: Error) => {
        assert.match(error.message, /^url: .* webhooks\.allow .* got moved\.example at /)
        return error.name === 'BlockedError'
      })
    }
    const literal = url.replace('moved.example', '127.0.0.1')
    await assert.rejects(connect(judge, literal, '10.0.0.7'), blocked('10.0.0.7 (private)'))
  })

  it('sends a refused peer nothing, not even the greeting of TLS', async (t) => {
    for (const protocol of ['http', 'https']) {
      let bytes: number | undefined
      const { host, closed } = await rawEndpoint(t, (socket) => {
        socket.resume().on('close', () => (bytes = socket.bytesRead))
      })
      const url = `${protocol}://${host}/`
      await assert.rejects(connect(judge, url, '10.0.0.7'), { name: 'BlockedError' })
      await closed
      assert.equal(bytes, 0)
    }
  })

  it('fails with ENOTCONN when the peer hangs up before the guard can judge it', async (t) => {
    const { url } = await namedServer(t, 'moved.example')
    await assert.rejects(connect(judge, url, undefined), { code: 'ENOTCONN' })
  })
})
