import type { Webhook } from '../job/delivery.ts'
import { typeOf } from './github-responses.ts'
import { maskUrl } from '../job/mask-url.ts'

/**
 * The payload of GitHub's event `ping`, for a hook:
 * https://docs.github.com/en/webhooks/webhook-events-and-payloads#ping
 *
 * @param about further fields, which replace those of the same names
 */
export function pingPayload(hook: Webhook, about: object): object {
  const { id, active, events, contentType, insecureTls, createdAt } = hook
  const config = {
    url: maskUrl(hook.url),
    content_type: contentType,
    insecure_ssl: insecureTls ? '1' : '0',
  }
  const created_at = new Date(createdAt).toISOString()
  return {
    zen: 'Non-blocking is better than blocking.',
    hook_id: id,
    hook: { type: typeOf(hook.target), id, name: 'web', active, events, config, created_at },
    ...about,
  }
}
