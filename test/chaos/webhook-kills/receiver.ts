import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Waiting } from '../../support/waiting.ts'

/** A request that the receiver saw begin. */
export interface Post {
  hook: number
  guid: string
  /** The number in the body; undefined when the body did not arrive whole. */
  n: number | undefined
  /** `killed`: the connection ended before the answer. */
  end: 'answered' | 'killed' | undefined
}

/** Receives the deliveries of all hooks. Holds each answer, or answers at once. */
export class Receiver {
  readonly posts: Post[] = []
  readonly #waiting = new Waiting(() => `${this.posts.length} requests, ${this.held} held`)
  readonly #server = http.createServer((request, response) => this.#receive(request, response))
  readonly #held = new Set<ServerResponse>()
  #holds = false
  #connections = 0

  async listen(): Promise<string> {
    this.#server.on('connection', (socket) => {
      this.#connections += 1
      socket.on('close', () => {
        this.#connections -= 1
        this.#waiting.look()
      })
    })
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`
  }

  /** Holds the answers from now on. */
  hold(): void {
    this.#holds = true
  }

  /** Answers all requests, also later ones. */
  letGo(): void {
    this.#holds = false
    for (const response of this.#held) response.end()
  }

  /** How many requests have no answer yet. */
  get held(): number {
    return this.#held.size
  }

  until(holds: () => boolean, name: string): Promise<void> {
    return this.#waiting.until(holds, name)
  }

  /** Resolves once all connections have ended. */
  quiet(): Promise<void> {
    return this.until(() => this.#connections === 0, 'the end of all connections')
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const { headers } = request
    const post: Post = {
      hook: Number(headers['x-github-hook-id']),
      guid: String(headers['x-github-delivery']),
      n: undefined,
      end: undefined,
    }
    this.posts.push(post)
    this.#held.add(response)
    response.on('close', () => {
      post.end = response.writableFinished ? 'answered' : 'killed'
      this.#held.delete(response)
      this.#waiting.look()
    })
    request.on('error', () => undefined)
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      post.n = (JSON.parse(Buffer.concat(chunks).toString()) as { n: number }).n
      if (!this.#holds) response.end()
      this.#waiting.look()
    })
  }
}
