import type { Webhook } from '../job/delivery.ts'

/** A request body, ready to be signed and sent. */
export interface Body {
  /** Value of `Content-Type`. */
  mediaType: string
  /** {@link Body.bytes} as text; always well-formed, since JSON escapes lone surrogates. */
  text: string
  bytes: Uint8Array
}

/**
 * Encodes an event's payload as JSON, or as a form whose field `payload` holds that JSON. The same
 * payload gives the same bytes in every attempt.
 */
export function encodeBody(contentType: Webhook['contentType'], payload: object): Body {
  const json = JSON.stringify(payload)
  if (contentType === 'json') return body('application/json', json)
  return body(
    'application/x-www-form-urlencoded',
    new URLSearchParams({ payload: json }).toString(),
  )
}

function body(mediaType: string, text: string): Body {
  return { mediaType, text, bytes: new TextEncoder().encode(text) }
}
