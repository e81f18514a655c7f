import { createHmac } from 'node:crypto'

/** The headers by which a receiver checks a delivery. */
interface Signature {
  'X-Hub-Signature-256': string
  'X-Hub-Signature': string
}

/**
 * Signs the exact bytes that are sent, as GitHub does: HMAC in hexadecimal, by SHA-256, and by
 * SHA-1 for receivers that know no other.
 * https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export function sign(secret: string, bytes: Uint8Array): Signature {
  return {
    'X-Hub-Signature-256': `sha256=${hmac('sha256', secret, bytes)}`,
    'X-Hub-Signature': `sha1=${hmac('sha1', secret, bytes)}`,
  }
}

function hmac(algorithm: string, secret: string, bytes: Uint8Array): string {
  return createHmac(algorithm, secret).update(bytes).digest('hex')
}
