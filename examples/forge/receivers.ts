import { createNodeMiddleware, Webhooks } from '@octokit/webhooks'
import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { Recorder } from './recorder.ts'
import { serve, type Served } from './serve.ts'

/** A delivery whose signature was verified. */
export interface Verified {
  /** Guid of the event: the event's deliveries to the other receivers have the same guid. */
  guid: string
  event: string
  /** Epoch milliseconds of its arrival. */
  at: number
  /** Whether the silent receiver held a request at that moment. */
  whileHeld: boolean
  payload: {
    /** Epoch milliseconds of the event; pings that nobody timed have none. */
    occurred_at?: number
    /** The commit of a push. */
    after?: string
  }
}

/** The HTTP servers that webhooks are delivered to. */
export class Receivers {
  readonly secret = randomBytes(16).toString('hex')
  readonly urls = { verifying: '', slow: '', silent: '', failing: '', leaving: '' }
  /** The deliveries that the verifying receiver has accepted. */
  readonly verified: Verified[] = []
  /** Guids of the events that the slow receiver has answered. */
  readonly answered = new Set<string>()
  /** The receiver that fails, and comes back. */
  readonly failing = new Recorder()
  /** The receiver that wants no more deliveries, and changes its mind. */
  readonly leaving = new Recorder()
  /** How many requests the silent receiver holds: their senders have not given up yet. */
  #held = 0
  readonly #servers: Served[] = []

  /** @param slowness milliseconds that the slow receiver takes for an answer */
  static async listen(slowness: number): Promise<Receivers> {
    const receivers = new Receivers()
    await receivers.#listen('verifying', receivers.#verify())
    await receivers.#listen('slow', (request, response) => {
      request.resume()
      setTimeout(() => receivers.#answer(request, response), slowness)
    })
    await receivers.#listen('silent', (request) => receivers.#hold(request))
    await receivers.#listen('failing', receivers.failing.respond)
    await receivers.#listen('leaving', receivers.leaving.respond)
    return receivers
  }

  get ports(): number[] {
    return this.#servers.map(({ port }) => port)
  }

  close(): void {
    for (const server of this.#servers) server.close()
  }

  async #listen(name: keyof Receivers['urls'], respond: RequestListener): Promise<void> {
    const server = await serve(respond)
    this.#servers.push(server)
    this.urls[name] = `${server.url}/`
  }

  /** Verifies deliveries with the library that receivers of GitHub's webhooks use. */
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
    // A sender that has given up tries the delivery again.
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
