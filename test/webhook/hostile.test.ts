import assert from 'node:assert/strict'
import type { Socket } from 'node:net'
import { describe, it } from 'node:test'
import { post } from '../../src/webhook/client.ts'
import { answering, rawEndpoint, request, writingEvery } from '../support/webhook/endpoints.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`

describe('post to a hostile endpoint', { concurrency: true }, () => {
  // Milliseconds. On one machine, a connection takes less, however busy the machine is.
  const timeout = 1_000

  it('ends at the deadline when nothing answers', async (t) => {
    const { url, closed } = await rawEndpoint(t, (socket) => socket.resume())
    await assert.rejects(post(request(url, { timeout })), {
      name: 'TransportError',
      code: 'TIMEOUT',
      message: 'no response within 1000 ms',
    })
    await closed
  })

  it('ends at the deadline when nothing answers to TLS', async (t) => {
    const { host, closed } = await rawEndpoint(t, (socket) => socket.resume())
    await assert.rejects(post(request(`https://${host}`, { timeout })), {
      message: 'no connection within 1000 ms',
    })
    await closed
  })

  it('ends at the deadline when headers drip', async (t) => {
    const { url, closed } = await rawEndpoint(t, (socket) => {
      socket.resume().write(`${OK}X-Drip: `)
      writingEvery(10, socket, 'x')
    })
    await assert.rejects(post(request(url, { timeout })), { code: 'TIMEOUT' })
    await closed
  })

  it('ends at the deadline when interim responses never end', async (t) => {
    const { url, closed } = await rawEndpoint(t, (socket) => {
      socket.resume()
      writingEvery(5, socket, 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(100))
    })
    await assert.rejects(post(request(url, { timeout })), { code: 'TIMEOUT' })
    await closed
  })

  it('counts a dripping body as a success, and cuts the body at the deadline', async (t) => {
    const { url, closed } = await rawEndpoint(t, (socket) => {
      socket.resume().write(CHUNKED)
      writingEvery(10, socket, '1\r\nx\r\n')
    })
    const { status, body, truncated } = await post(request(url, { timeout: 1_500 }))
    assert.equal(status, 200)
    assert.equal(truncated, true)
    assert.match(Buffer.from(body).toString(), /^x+$/)
    await closed
  })

  it('does not wait for a body until the deadline', async (t) => {
    const { url, closed } = await rawEndpoint(t, answering(`${OK}Content-Length: 5\r\n\r\nhel`))
    const { status, body, truncated } = await post(request(url, { timeout: 30_000 }))
    assert.equal(status, 200)
    assert.equal(Buffer.from(body).toString(), 'hel')
    assert.equal(truncated, true)
    await closed
  })

  it('counts an infinite body as a success, and cuts the body at 64 KiB', async (t) => {
    let poured = 0
    const { url, closed } = await rawEndpoint(t, (socket) => {
      socket.on('close', () => (poured = socket.bytesWritten))
      const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
      const pour = () => {
        while (socket.writable && socket.write(chunk));
      }
      socket.once('data', () => socket.write(CHUNKED, pour)).on('drain', pour)
    })
    const { status, body, truncated } = await post(request(url))
    assert.deepEqual([status, body.length, truncated], [200, 65_536, true])
    await closed
    assert.ok(poured < 50_000_000, `${poured} bytes were taken`)
  })

  it('counts a body that breaks off as a success, and marks the body as truncated', async (t) => {
    const { url } = await rawEndpoint(t, (socket) => {
      socket.once('data', () => socket.write(`${CHUNKED}3\r\nhel\r\n`, () => socket.end()))
    })
    const { status, truncated } = await post(request(url))
    assert.deepEqual([status, truncated], [200, true])
  })

  it('refuses 300 KB of headers', async (t) => {
    const headers = Array.from({ length: 300 }, (_, i) => `X-${i}: ${'x'.repeat(1_000)}\r\n`)
    const { url, closed } = await rawEndpoint(t, answering(OK, ...headers, '\r\n'))
    await assert.rejects(post(request(url)), { code: 'UND_ERR_HEADERS_OVERFLOW' })
    await closed
  })

  it('survives headers with the names of members that every object has', async (t) => {
    const names = ['__proto__', 'constructor', '__proto__', 'constructor', 'hasOwnProperty']
    const headers = names.map((name) => `${name}: x\r\n`).join('')
    const { url } = await rawEndpoint(t, answering(`${OK}${headers}Content-Length: 0\r\n\r\n`))
    const response = await post(request(url))
    assert.equal(response.status, 200)
    assert.deepEqual(Object.keys(response.headers).sort(), [
      '__proto__',
      'constructor',
      'content-length',
      'hasownproperty',
    ])
  })

  const garbage: [string, string][] = [
    ['the greeting of an SSH server', 'SSH-2.0-OpenSSH_9.6\r\n'],
    ['bytes that are no text', '\x00\xff\x16\x03\x01'.repeat(40)],
    [
      'a content length and chunks at once',
      `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n'],
  ]
  for (const [name, bytes] of garbage) {
    it(`fails clearly on ${name}`, async (t) => {
      const { url, closed } = await rawEndpoint(t, answering(bytes))
      await assert.rejects(post(request(url)), (error: Error) => {
        assert.equal(error.name, 'TransportError')
        assert.ok(error.message && error.cause)
        return true
      })
      await closed
    })
  }

  it('fails when the connection closes or resets without an answer', async (t) => {
    const closing = await rawEndpoint(t, (socket) => socket.once('data', () => socket.end()))
    await assert.rejects(post(request(closing.url)), { code: 'UND_ERR_SOCKET' })
    const resetting = await rawEndpoint(t, (socket) => {
      socket.once('data', () => socket.resetAndDestroy())
    })
    await assert.rejects(post(request(resetting.url)), { code: 'ECONNRESET' })
  })

  it('accepts a response that comes before the server has read the request', async (t) => {
    let unread: Socket | undefined
    const { url, closed } = await rawEndpoint(t, (socket) => {
      unread = socket
      socket.once('data', () => {
        socket.pause()
        socket.write('HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n')
      })
    })
    const { status } = await post(request(url, { body: Buffer.alloc(5_000_000) }))
    assert.equal(status, 413)
    unread?.resume()
    await closed
  })

  it('fails on a server that speaks plain HTTP behind an https URL', async (t) => {
    const { host, closed } = await rawEndpoint(t, answering(`${OK}Content-Length: 0\r\n\r\n`))
    await assert.rejects(post(request(`https://${host}`)), { code: /^E(PROTO|RR_SSL)/ })
    await closed
  })
})
