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
  /** Of the event: its deliveries to the other receivers have the same. */
  guid: string
  event: string
  /** Epoch milliseconds of its arrival. */
  at: number
  /** Whether the silent receiver held a request at that moment. */
  whileHeld: boolean
  payload: {
    /** Epoch milliseconds of what it tells of. */
    occurred_at: number
    /** Of a push: the commit. */
    after?: string
  }
}

/** Three HTTP servers that webhooks are delivered to. */
export class Receivers {
  readonly secret = randomBytes(16).toString('hex')
  readonly urls = { verifying: '', slow: '', silent: '' }
  /** What the verifying one has accepted. */
  readonly verified: Verified[] = []
  /** Guids of the events that the slow one has answered. */
  readonly answered = new Set<string>()
  /** How many requests the silent one has read that were not given up yet. */
  #held = 0
  readonly #servers: Server[] = []

  /** @param slowness milliseconds that the slow one takes for an answer */
  static async listen(slowness: number): Promise<Receivers> {
    const receivers = new Receivers()
    await receivers.#listen('verifying', receivers.#verify())
    await receivers.#listen('slow', (request, response) => {
      request.resume()
      setTimeout(() => receivers.#answer(request, response), slowness)
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
    webhooks.onAny(({ id, name, payload }) => {
      const body = payload as unknown as Verified['payload']
      this.verified.push({
        guid: id,
        event: name,
        at: Date.now(),
        whileHeld: this.#held > 0,
        payload: body,
      })
    })
    const middleware = createNodeMiddleware(webhooks, { path: '/', log: SILENT })
    return (request, response) => void middleware(request, response)
  }

  #answer({ headers }: IncomingMessage, response: ServerResponse): void {
    // Whoever has given up comes again.
    if (response.destroyed) return
    this.answered.add(String(headers['x-github-delivery']))
    response.writeHead(204).end()
  }

  #hold(request: IncomingMessage): void {
    this.#held++
    request.resume()
    request.socket.once('close', () => this.#held--)
  }
}

const log = (): void => {}
const SILENT = { debug: log, info: log, warn: log, error: log }
