import { createNodeMiddleware, Webhooks } from '@octokit/webhooks'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'

/** A delivery whose signature was verified. */
export interface Verified {
  event: string
  /** Epoch milliseconds of its arrival. */
  at: number
  payload: {
    /** Epoch milliseconds of what it tells of. */
    occurred_at: number
    /** Of a push: the commit. */
    after?: string
  }
}

/** From the start of a request to the end of its connection, in epoch milliseconds. */
export interface Held {
  from: number
  to: number
}

/** Three HTTP servers that webhooks are delivered to. */
export class Receivers {
  readonly secret = randomBytes(16).toString('hex')
  readonly urls = { verifying: '', slow: '', silent: '' }
  /** What the verifying one has accepted. */
  readonly verified: Verified[] = []
  /** How many requests the slow one has answered. */
  answered = 0
  /** The requests that the silent one has read, and that were given up. */
  readonly held: Held[] = []
  readonly #servers: Server[] = []

  /** @param slowness milliseconds that the slow one takes for an answer */
  static async listen(slowness: number): Promise<Receivers> {
    const receivers = new Receivers()
    await receivers.#listen('verifying', receivers.#verify())
    await receivers.#listen('slow', (request, response) => {
      request.resume()
      setTimeout(() => receivers.#answer(response), slowness)
    })
    await receivers.#listen('silent', (request) => receivers.#hold(request))
    return receivers
  }

  close(): void {
    for (const server of this.#servers) {
      server.close()
      server.closeAllConnections()
    }
  }

  async #listen(name: keyof Receivers['urls'], respond: RequestListener): Promise<void> {
    const server = createServer(respond)
    this.#servers.push(server)
    await once(server.listen(0, '127.0.0.1'), 'listening')
    this.urls[name] = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  }

  /** With the library that receivers of GitHub's webhooks use. */
  #verify(): RequestListener {
    const webhooks = new Webhooks({ secret: this.secret, log: SILENT })
    webhooks.onAny(({ name, payload }) => {
      const body = payload as unknown as Verified['payload']
      this.verified.push({ event: name, at: Date.now(), payload: body })
    })
    const middleware = createNodeMiddleware(webhooks, { path: '/', log: SILENT })
    return (request, response) => void middleware(request, response)
  }

  #answer(response: ServerResponse): void {
    this.answered++
    response.writeHead(204).end()
  }

  #hold(request: IncomingMessage): void {
    const from = Date.now()
    request.resume()
    request.socket.once('close', () => this.held.push({ from, to: Date.now() }))
  }
}

const log = (): void => {}
const SILENT = { debug: log, info: log, warn: log, error: log }
