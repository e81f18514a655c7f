import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** A delivery that a {@link Recorder} has answered. */
export interface Recorded {
  guid: string
  event: string
  body: string
  /** The status of the answer. */
  status: number
}

/** A receiver that answers as it is told, and keeps what came. */
export class Recorder {
  /** The status of every answer from now on. */
  answer = 204
  readonly #recorded: Recorded[] = []

  readonly respond: RequestListener = (request, response) => {
    // A request that breaks off has no answer.
    void this.#take(request, response).catch(() => response.destroy())
  }

  /** The deliveries that the receiver has accepted. */
  get accepted(): Recorded[] {
    return this.#recorded.filter(({ status }) => status < 300)
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await text(request)
    const { 'x-github-delivery': guid, 'x-github-event': event } = request.headers
    const status = this.answer
    this.#recorded.push({ guid: String(guid), event: String(event), body, status })
    response.writeHead(status).end()
  }
}
