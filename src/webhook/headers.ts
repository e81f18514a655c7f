import type { Webhook } from '../job/delivery.ts'
import type { Body } from '../job/body.ts'
import { sign } from './sign.ts'
import { standardHeaders } from './standard.ts'

/** GitHub promises its receivers the prefix `GitHub-Hookshot/`, and some receivers check it. */
export const DEFAULT_USER_AGENT = 'GitHub-Hookshot/helve'

/** The facts of a delivery that its headers tell. */
interface About {
  event: string
  guid: string
  /** Epoch milliseconds at which the attempt is made. */
  at: number
}

/**
 * The headers of a delivery, as GitHub sends them; without a secret there is no signature.
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers
 */
export function deliveryHeaders(
  hook: Webhook,
  delivery: About,
  body: Body,
  userAgent: string,
): Record<string, string> {
  return {
    Accept: '*/*',
    // The response is kept as received. Without compression no decompressed body can exceed a
    // bound.
    'Accept-Encoding': 'identity',
    'Content-Type': body.mediaType,
    'User-Agent': userAgent,
    'X-GitHub-Delivery': delivery.guid,
    'X-GitHub-Event': delivery.event,
    'X-GitHub-Hook-ID': String(hook.id),
    ...targetHeaders(hook.target),
    ...(hook.secret ? sign(hook.secret, body.bytes) : {}),
    ...(hook.standard ? standardHeaders({ ...delivery, bytes: body.bytes }, secretsOf(hook)) : {}),
    ...(hook.authorization ? { Authorization: hook.authorization } : {}),
  }
}

/**
 * The newest secret first. A receiver that does not know the newest secret yet verifies by the
 * previous secret.
 */
function secretsOf({ secret, previousSecret }: Webhook): string[] {
  return [secret, previousSecret].filter((one) => typeof one === 'string')
}

function targetHeaders(target: Webhook['target']): Record<string, string> {
  if (target === null) return {}
  return {
    'X-GitHub-Hook-Installation-Target-ID': String(target.id),
    'X-GitHub-Hook-Installation-Target-Type': target.type,
  }
}
