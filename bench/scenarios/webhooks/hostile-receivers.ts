import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import type { DeliveryClass } from '../../../src/job/delivery.ts'
import { startServing, serveUrls } from './serving.ts'

/** What a receiver does with a connection, and the class that an attempt then has. */
export interface Behaviour {
  name: string
  answer: (socket: Socket) => void
  expected: DeliveryClass
  /** Whether an attempt ends at its deadline. */
  isLate: boolean
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const BOMB_BYTES = 50_000_000

/** All behaviours, in the order in which the receivers are started. */
const BEHAVIOURS: Behaviour[] = [
  late('accepts, and never answers', '', ''),
  late('drips headers', `${OK}X-Drip: `, 'x'),
  late('sends interim responses without end', '', 'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'),
  at('drips a body', 'ok', CHUNKED, (socket) => every(socket, '1\r\nx\r\n')),
  at('sends a body without end', 'ok', CHUNKED, pour),
  at('sends 300 KB of headers', 'configuration', OK + `X: ${'x'.repeat(1_000)}\r\n`.repeat(300)),
  at('sends a body that unpacks to 50 MB', 'ok', '', bomb),
  at('sends half of its body', 'ok', `${OK}Content-Length: 5\r\n\r\nhel`),
  at(
    'sends a length and chunks',
    'temporary',
    `${OK}Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
  ),
  at('greets as an SSH server', 'configuration', 'SSH-2.0-OpenSSH_9.6\r\n'),
  at('hangs up', 'temporary', '', (socket) => socket.end()),
  at('resets the connection', 'temporary', '', (socket) => socket.resetAndDestroy()),
]

export interface HostileReceivers {
  all: { behaviour: Behaviour; url: string }[]
  close: () => Promise<unknown>
}

/** Starts one receiver for each behaviour, in a process of their own. */
export async function startHostile(): Promise<HostileReceivers> {
  const { urls, close } = await startServing(fileURLToPath(import.meta.url))
  return { all: BEHAVIOURS.map((behaviour, i) => ({ behaviour, url: urls[i]! })), close }
}

/** Sends `text` as soon as a part of the request is there, and then does `more`. */
function at(
  name: string,
  expected: DeliveryClass,
  text: string,
  more?: (socket: Socket) => void,
): Behaviour {
  const answer = (socket: Socket): void => {
    socket.once('data', () => {
      socket.write(text)
      more?.(socket)
    })
  }
  return { name, answer, expected, isLate: false }
}

/** Never gets as far as the end of its headers. */
function late(name: string, text: string, drip: string): Behaviour {
  const its = at(name, 'temporary', text, (socket) => every(socket, drip))
  return { ...its, isLate: true }
}

function every(socket: Socket, drip: string): void {
  const timer = setInterval(() => socket.writable && socket.write(drip), 20)
  socket.once('close', () => clearInterval(timer))
}

function pour(socket: Socket): void {
  const chunk = `8000\r\n${'x'.repeat(0x8000)}\r\n`
  const more = (): void => {
    while (socket.writable && socket.write(chunk));
  }
  socket.on('drain', more)
  more()
}

/** Packed at the first request. */
let packed: Buffer | undefined

function bomb(socket: Socket): void {
  packed ??= gzipSync(Buffer.alloc(BOMB_BYTES))
  socket.write(`${OK}Content-Encoding: gzip\r\nContent-Length: ${packed.length}\r\n\r\n`)
  socket.write(packed)
}

async function serve(): Promise<string[]> {
  const starts = BEHAVIOURS.map(async ({ answer }) => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined).resume()
      answer(socket)
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })
  return Promise.all(starts)
}

if (process.argv[2] === 'serve') await serveUrls(serve)
