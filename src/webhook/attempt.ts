import type { DeliveryRecord, Webhook } from '../job/delivery.ts'
import { encodeBody } from '../job/body.ts'
import { post, type PostRequest, type PostResponse } from './client.ts'
import { failureOf } from './failure.ts'
import type { Guard } from './guard/guard.ts'
import { deliveryHeaders } from './headers.ts'
import { maskUrl } from '../job/mask-url.ts'
import { EchoMask, maskHeaders } from './redact.ts'
import { classOf, codeOf } from './outcome.ts'
import type { DeliveryLimits } from './schedule.ts'
import { AttemptTrace } from './trace.ts'

/** The delivery that an attempt sends. */
export interface Delivery {
  event: string
  action: string | null
  guid: string
  /** An object, or the frozen bytes of its JSON. */
  payload: object | Uint8Array
  /** Counts the attempts of this delivery; 1 is the first. */
  attempt: number
  /** True when somebody asked for this delivery of an event that had been delivered before. */
  redelivery: boolean
  /** The record that the start of the attempt has written. */
  id?: number | undefined
}

interface AttemptOptions {
  /** Milliseconds for the whole attempt. */
  timeout: number
  userAgent: string
  signal: AbortSignal
  /** Epoch milliseconds at which the delivery was enqueued. */
  createdAt: number
  limits: Required<DeliveryLimits>
  /** Judges where the delivery may go. */
  guard: Guard
}

/** The result of an attempt. */
interface Attempt {
  record: DeliveryRecord
  /**
   * The error for the handler to throw, which tells the queue whether to retry, and when; undefined
   * after a 2xx.
   */
  failure: Error | undefined
}

/**
 * Signs and sends a delivery once, with the hook's present secret, URL and encoding. Never throws:
 * a failed attempt has a record too.
 */
export async function attemptDelivery(
  hook: Webhook,
  delivery: Delivery,
  options: AttemptOptions,
): Promise<Attempt> {
  const { payload, id, ...about } = delivery
  const body = encodeBody(hook.contentType, payload)
  const at = Date.now()
  const headers = deliveryHeaders(hook, { ...delivery, at }, body, options.userAgent)
  const started = performance.now()
  const { url, insecureTls } = hook
  const trace = new AttemptTrace()
  const request = { ...options, url, insecureTls, headers, body: body.bytes, trace }
  const came = await send(request)
  const response = came instanceof Error ? undefined : came
  const failure = failureOf(came, { ...options, attempt: delivery.attempt, now: Date.now() })
  const echo = new EchoMask(hook)
  return {
    failure,
    record: {
      ...about,
      ...(id === undefined ? {} : { id }),
      webhookId: hook.id,
      at,
      durationMs: Math.round(performance.now() - started),
      url: maskUrl(hook.url),
      requestHeaders: maskHeaders(headers),
      // The store has frozen bytes already.
      requestBody: payload instanceof Uint8Array ? '' : new TextDecoder().decode(body.bytes),
      status: response?.status ?? null,
      responseHeaders: response ? echo.headers(maskHeaders(response.headers)) : null,
      responseBody: response ? echo.bytes(response.body) : null,
      truncated: response?.truncated ?? false,
      error: failure?.message ?? null,
      outcome: classOf(came),
      code: came instanceof Error ? codeOf(came) : null,
      remoteAddress: trace.remoteAddress,
      timings: trace.timings,
    },
  }
}

/** Resolves to the response, or to the error if no response came. */
async function send(request: PostRequest): Promise<PostResponse | Error> {
  try {
    return await post(request)
  } catch (error) {
    return error as Error
  }
}
