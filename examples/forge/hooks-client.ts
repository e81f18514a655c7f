import type { GitHubDelivery, GitHubHook } from 'helve/webhooks/github'

/** A refusal of the API. */
export class ApiError extends Error {
  readonly status: number

  constructor(status: number, message: string) {
    super(message)
    this.status = status
  }
}

/** Calls the forge's API of webhooks, as the owner of a repository or an organisation does. */
export class HooksClient {
  readonly #hooks: string
  readonly #secret: string

  /**
   * @param url the repository or the organisation in the API
   * @param secret signs the deliveries of the hooks
   */
  constructor(url: string, secret: string) {
    this.#hooks = `${url}/hooks`
    this.#secret = secret
  }

  list(): Promise<GitHubHook[]> {
    return this.#call('GET', '')
  }

  get(id: number): Promise<GitHubHook> {
    return this.#call('GET', `/${id}`)
  }

  /** @throws ApiError */
  async create(url: string, events: string[]): Promise<number> {
    const config = { url, content_type: 'json', secret: this.#secret }
    const { id } = await this.#call<GitHubHook>('POST', '', { config, events })
    return id
  }

  async ping(id: number): Promise<void> {
    await this.#call('POST', `/${id}/pings`)
  }

  /** The newest attempts, a page of 100 at most. */
  deliveries(id: number): Promise<GitHubDelivery[]> {
    return this.#call('GET', `/${id}/deliveries?per_page=100`)
  }

  async redeliver(id: number, delivery: number): Promise<void> {
    await this.#call('POST', `/${id}/deliveries/${delivery}/attempts`)
  }

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const request = body === undefined ? {} : { body: JSON.stringify(body) }
    const response = await fetch(`${this.#hooks}${path}`, { method, ...request })
    const answer = (await response.text()) || 'null'
    if (response.ok) return JSON.parse(answer) as T
    throw new ApiError(response.status, (JSON.parse(answer) as { message: string }).message)
  }
}
