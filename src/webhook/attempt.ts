import type { DeliveryRecord, Webhook } from '../job/delivery.ts'
import { encodeBody } from './body.ts'
import { post, type PostRequest, type PostResponse } from './client.ts'
import { failureOf } from './failure.ts'
import type { Guard } from './guard/guard.ts'
import { deliveryHeaders } from './headers.ts'
import { maskHeaders, maskUrl } from './redact.ts'

/** What is to be delivered. */
export interface Delivery {
  event: string
  action: string | null
  guid: string
  payload: object
  /** Counts the attempts of this delivery; 1 is the first. */
  attempt: number
}

interface AttemptOptions {
  /** Milliseconds for the whole attempt. */
  timeout: number
  userAgent: string
  signal: AbortSignal
  /** Judges where the delivery may go. */
  guard: Guard
}

/** How an attempt went. */
interface Attempt {
  record: DeliveryRecord
  /** To be thrown, so that the queue does what is right; undefined after a 2xx. */
  failure: Error | undefined
}

/**
 * Signs and sends a delivery once, with the hook's present secret, URL and encoding. Never throws:
 * an attempt that failed is recorded like one that did not.
 */
export async function attemptDelivery(
  hook: Webhook,
  delivery: Delivery,
  options: AttemptOptions,
): Promise<Attempt> {
  const { payload, ...about } = delivery
  const body = encodeBody(hook.contentType, payload)
  const headers = deliveryHeaders(hook, delivery, body, options.userAgent)
  const at = Date.now()
  const started = performance.now()
  const { url, insecureTls } = hook
  const { response, failure } = await send({
    ...options,
    url,
    insecureTls,
    headers,
    body: body.bytes,
  })
  return {
    failure,
    record: {
      ...about,
      webhookId: hook.id,
      at,
      durationMs: Math.round(performance.now() - started),
      url: maskUrl(hook.url),
      requestHeaders: headers,
      requestBody: body.text,
      status: response?.status ?? null,
      responseHeaders: response ? maskHeaders(response.headers) : null,
      responseBody: response?.body ?? null,
      truncated: response?.truncated ?? false,
      error: failure?.message ?? null,
    },
  }
}

async function send(
  request: PostRequest,
): Promise<{ response?: PostResponse; failure?: Error | undefined }> {
  try {
    const response = await post(request)
    return { response, failure: failureOf(response, Date.now()) }
  } catch (error) {
    return { failure: error as Error }
  }
}
