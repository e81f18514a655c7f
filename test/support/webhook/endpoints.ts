import { once } from 'node:events'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import type { PostRequest } from '../../../src/webhook/client.ts'
import { guard } from './guard.ts'

/** A request that an endpoint got. */
export interface Received {
  method: string | undefined
  path: string | undefined
  headers: http.IncomingHttpHeaders
  body: Buffer
}

/** An HTTP server that answers once it has the whole request. */
export async function httpEndpoint(
  t: TestContext,
  answer: (response: http.ServerResponse, received: Received) => void,
): Promise<{ url: string; received: Received[] }> {
  const received: Received[] = []
  const server = http.createServer((request, response) => {
    const { method, url: path, headers } = request
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      received.push({ method, path, headers, body: Buffer.concat(chunks) })
      answer(response, received.at(-1)!)
    })
  })
  return { url: `http://127.0.0.1:${await listen(t, server)}`, received }
}

/** A TCP server, for what no HTTP server would do. */
export async function rawEndpoint(
  t: TestContext,
  onSocket: (socket: net.Socket) => void,
): Promise<{ host: string; url: string; closed: Promise<void> }> {
  const server = net.createServer()
  const closed = new Promise<void>((resolve) => {
    server.once('connection', (socket) => socket.once('close', () => resolve()))
  })
  server.on('connection', (socket) => {
    socket.on('error', () => undefined)
    onSocket(socket)
  })
  const host = `127.0.0.1:${await listen(t, server)}`
  return { host, url: `http://${host}`, closed }
}

/** Answers with these bytes as soon as anything of the request is there. */
export function answering(...parts: string[]): (socket: net.Socket) => void {
  return (socket) => socket.once('data', () => parts.forEach((part) => socket.write(part))).resume()
}

/** Writes `part` every `ms` milliseconds until the socket closes, if the socket is writable. */
export function writingEvery(ms: number, socket: net.Socket, part: string): void {
  const timer = setInterval(() => socket.writable && socket.write(part), ms)
  socket.on('close', () => clearInterval(timer))
}

export async function listen(t: TestContext, server: net.Server): Promise<number> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    if (server instanceof http.Server) server.closeAllConnections()
  })
  return (server.address() as AddressInfo).port
}

export function request(url: string, more: Partial<PostRequest> = {}): PostRequest {
  return {
    url,
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from('{}'),
    insecureTls: false,
    timeout: 30_000,
    signal: new AbortController().signal,
    guard: guard({ allow: ['loopback'], ports: ['1-65535'] }),
    ...more,
  }
}
