import { createHmac } from 'node:crypto'
import { standardKey } from '../job/webhook-secrets.ts'

/** The parts of a delivery that the signature covers. */
interface Message {
  /** The same in all attempts: receivers deduplicate by the GUID. */
  guid: string
  /** Epoch milliseconds of the attempt. Receivers refuse old attempts, which may be recordings. */
  at: number
  bytes: Uint8Array
}

/**
 * The headers of Standard Webhooks, with one signature for each of the secrets.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 *
 * @param secrets the newest first; without secrets there is no signature
 */
export function standardHeaders(
  { guid, at, bytes }: Message,
  secrets: readonly string[],
): Record<string, string> {
  const timestamp = String(Math.floor(at / 1_000))
  const sign = (secret: string): string => {
    const hmac = createHmac('sha256', keyOf(secret)).update(`${guid}.${timestamp}.`).update(bytes)
    return `v1,${hmac.digest('base64')}`
  }
  return {
    'webhook-id': guid,
    'webhook-timestamp': timestamp,
    ...(secrets.length === 0 ? {} : { 'webhook-signature': secrets.map(sign).join(' ') }),
  }
}

function keyOf(secret: string): Uint8Array {
  return standardKey(secret) ?? new TextEncoder().encode(secret)
}
