import type { Webhook } from './delivery.ts'

/** A request body, ready to be signed and sent. */
export interface Body {
  /** Value of `Content-Type`. */
  mediaType: string
  bytes: Uint8Array
}

/**
 * Encodes an event's payload as JSON, or as a form whose field `payload` holds that JSON. The same
 * payload gives the same bytes in every attempt. JSON escapes lone surrogates: the bytes are
 * well-formed UTF-8.
 *
 * @param payload an object, or the bytes of its JSON
 */
export function encodeBody(
  contentType: Webhook['contentType'],
  payload: object | Uint8Array,
): Body {
  const json = payload instanceof Uint8Array ? payload : encode(JSON.stringify(payload))
  if (contentType === 'json') return { mediaType: 'application/json', bytes: json }
  const form = new URLSearchParams({ payload: new TextDecoder().decode(json) })
  return { mediaType: 'application/x-www-form-urlencoded', bytes: encode(form.toString()) }
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text)
}
