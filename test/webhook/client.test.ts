import assert from 'node:assert/strict'
import { getEventListeners } from 'node:events'
import { describe, it } from 'node:test'
import { isPermanent, isUnreachable } from '../../src/job/errors.ts'
import { post } from '../../src/webhook/client.ts'
import { answering, httpEndpoint, rawEndpoint, request } from '../support/webhook/endpoints.ts'
import { answers, guard } from '../support/webhook/guard.ts'

const NOBODY = Object.assign(new Error('queryA ENOTFOUND nobody.invalid'), { code: 'ENOTFOUND' })

describe('post', { concurrency: true }, () => {
  it('says that a host cannot be reached only if no connection came about', async (t) => {
    const silent = await rawEndpoint(t, (socket) => socket.resume())
    const closing = await rawEndpoint(t, (socket) => socket.once('data', () => socket.end()))
    const failures: [url: string, unreachable: boolean][] = [
      ['http://127.0.0.1:1', true],
      ['http://nobody.invalid', true],
      [silent.url, false],
      [closing.url, false],
      [`https://${closing.host}`, false],
    ]
    for (const [url, unreachable] of failures) {
      const guarded = guard({ allow: ['loopback'], ports: ['1-65535'] }, answers(NOBODY))
      const failure = post(request(url, { timeout: 500, guard: guarded }))
      await assert.rejects(failure, (error) => isUnreachable(error) === unreachable, url)
    }
  })

  it('sends the bytes as they are, and gives the whole response', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => {
      response.setHeader('X-Twice', ['one', 'two'])
      response.writeHead(202).end('ja, gern')
    })
    const body = Buffer.from('{"a":"\u2028é🎉"}')
    const response = await post(request(`${url}/hook/a%20b?key=1`, { body }))
    assert.equal(response.status, 202)
    assert.deepEqual(response.headers['x-twice'], ['one', 'two'])
    assert.equal(Buffer.from(response.body).toString(), 'ja, gern')
    assert.equal(response.truncated, false)
    assert.equal(received[0]?.method, 'POST')
    assert.equal(received[0].path, '/hook/a%20b?key=1')
    assert.deepEqual(received[0].body, body)
    assert.equal(received[0].headers['content-length'], String(body.length))
    assert.equal(received[0].headers.host, new URL(url).host)
    assert.equal(received[0].headers.connection, 'close')
  })

  it('closes the connection although the receiver would keep it', async (t) => {
    const { url, closed } = await rawEndpoint(
      t,
      answering('HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok'),
    )
    assert.equal((await post(request(url))).status, 200)
    await closed
  })

  it('does not decode the body, and gives it a buffer of its own', async (t) => {
    const { url } = await httpEndpoint(t, (response) => {
      response.setHeader('Content-Encoding', 'gzip')
      response.end(Buffer.from([0x1f, 0x8b, 0, 255]))
    })
    const { body } = await post(request(url))
    assert.deepEqual([...body], [0x1f, 0x8b, 0, 255])
    assert.equal(body.buffer.byteLength, 4)
  })

  it('keeps exactly 64 KiB whole, and cuts one byte more', async (t) => {
    const { url } = await httpEndpoint(t, (response, { path }) => {
      response.end(Buffer.alloc(Number(path?.slice(1)), 'x'))
    })
    const whole = await post(request(`${url}/65536`))
    assert.equal(whole.body.length, 65_536)
    assert.equal(whole.truncated, false)
    const cut = await post(request(`${url}/65537`))
    assert.equal(cut.body.length, 65_536)
    assert.equal(cut.truncated, true)
  })

  it('does not follow a redirect', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => {
      response.writeHead(307, { Location: '/elsewhere' }).end()
    })
    const response = await post(request(url))
    assert.equal(response.status, 307)
    assert.equal(response.headers['location'], '/elsewhere')
    assert.equal(received.length, 1)
  })

  it('aborts with its signal while it waits, and leaves no listener on it', async (t) => {
    const controller = new AbortController()
    const reason = new Error('stopping')
    const { url, closed } = await rawEndpoint(t, (socket) => {
      socket.resume().once('data', () => controller.abort(reason))
    })
    await assert.rejects(post(request(url, { signal: controller.signal })), {
      name: 'TransportError',
      code: 'ABORTED',
      message: 'aborted',
      cause: reason,
    })
    assert.equal(getEventListeners(controller.signal, 'abort').length, 0)
    await closed
  })

  it('does not connect when its signal has aborted already', async (t) => {
    const { url, received } = await httpEndpoint(t, (response) => response.end())
    await assert.rejects(post(request(url, { signal: AbortSignal.abort() })), { code: 'ABORTED' })
    assert.equal(received.length, 0)
  })

  it('says why there was no connection, with the cause', async () => {
    await assert.rejects(post(request('http://127.0.0.1:1')), (error: Error) => {
      assert.equal(error.message, 'connect ECONNREFUSED 127.0.0.1:1')
      assert.equal((error.cause as NodeJS.ErrnoException).code, 'ECONNREFUSED')
      return true
    })
    // If localhost has two addresses, the message names both.
    await assert.rejects(post(request('http://localhost:1')), /ECONNREFUSED .*:1/)
  })

  const refused: [string, RegExp][] = [
    ['ftp://host/?token=s3cret', /^url: expected http or https, got "ftp:"$/],
    ['file:///etc/passwd', /^url: expected http or https, got "file:"$/],
    ['http://user:s3cret@host/', /^url: expected no user and password, got them$/],
    ['/relative?s3cret', /^url: expected an absolute http or https URL, got something else$/],
  ]
  for (const [url, message] of refused) {
    it(`refuses ${url} for good`, async () => {
      await assert.rejects(post(request(url)), (error: Error) => {
        assert.match(error.message, message)
        return isPermanent(error)
      })
    })
  }
})
