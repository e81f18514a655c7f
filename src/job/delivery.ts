/** A webhook: where, in which form and with which secret events are delivered. */
export interface Webhook {
  id: number
  url: string
  /** Signs every delivery; `null` sends no signature. */
  secret: string | null
  contentType: 'json' | 'form'
  /** Event names; `*` subscribes to all. Which hooks an event goes to is the host's to decide. */
  events: string[]
  active: boolean
  /** True accepts any TLS certificate. */
  insecureTls: boolean
  /** What the hook belongs to, sent as `X-GitHub-Hook-Installation-Target-*`. */
  target: { type: string; id: number } | null
  createdAt: number
  lastResponse: LastResponse | null
}

/** The newest attempt, as GitHub's API shows it. */
export interface LastResponse {
  code: number | null
  /** `OK`, `failed to connect`, or `Invalid HTTP Response: 500`. */
  status: string
  message: string
}

/** Every attempt that was not interrupted leaves one, committed together with the job's settling. */
export interface DeliveryRecord {
  webhookId: number
  /** Shared by all attempts of one delivery: receivers deduplicate by it. */
  guid: string
  event: string
  action: string | null
  attempt: number
  /** Epoch milliseconds at which the attempt started. */
  at: number
  durationMs: number
  url: string
  requestHeaders: Record<string, string>
  requestBody: string
  /** `null`: no response came. */
  status: number | null
  responseHeaders: Record<string, string | string[]> | null
  responseBody: Uint8Array | null
  /** The response body was longer than what is kept, or it did not arrive whole in time. */
  truncated: boolean
  /** Why it failed; `null` after a 2xx. */
  error: string | null
}
