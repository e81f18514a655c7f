import { lastResponse, type DeliveryRecord, type WebhookRecord } from '../job/delivery.ts'

// The JSON of GitHub's API: https://docs.github.com/en/rest/repos/webhooks

/** A hook, as `GET /repos/{owner}/{repo}/hooks/{hook_id}` shows it. */
export interface GitHubHook {
  type: string
  id: number
  name: 'web'
  active: boolean
  events: string[]
  config: GitHubHookConfig
  updated_at: string
  created_at: string
  url: string
  test_url: string
  ping_url: string
  deliveries_url: string
  last_response: { code: number | null; status: string | null; message: string | null }
}

/** Where the deliveries of a hook go, and how they are sent. */
export interface GitHubHookConfig {
  url: string
  content_type: 'json' | 'form'
  insecure_ssl: '0' | '1'
  /** Absent for a hook without a secret. */
  secret?: '********'
}

/** An attempt, as `GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries` lists it. */
export interface GitHubDelivery {
  id: number
  guid: string
  delivered_at: string
  redelivery: boolean
  /** Seconds. */
  duration: number
  /** GitHub's words, and `pending`, `never sent` or `interrupted`. */
  status: string
  /** 0: no response came. */
  status_code: number
  event: string
  action: string | null
  installation_id: null
  repository_id: number | null
  throttled_at: null
}

/** An attempt, as `GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries/{delivery_id}` shows it. */
export interface GitHubDeliveryDetail extends GitHubDelivery {
  url: string
  request: { headers: Record<string, string>; payload: unknown }
  response: { headers: Record<string, string | string[]> | null; payload: string | null }
}

type ListedDelivery = DeliveryRecord & { id: number }

/**
 * A hook in GitHub's shape.
 *
 * @param hooksUrl the URL of the hooks of the repository or organization, such as
 *   `https://forge.example/api/v3/repos/octo/hello/hooks`
 */
export function hookJson(hook: WebhookRecord, hooksUrl: string): GitHubHook {
  const url = `${hooksUrl}/${hook.id}`
  const unused = { code: null, status: 'unused', message: null }
  return {
    type: typeOf(hook.target),
    id: hook.id,
    name: 'web',
    active: hook.active,
    events: hook.events,
    config: configJson(hook),
    updated_at: time(hook.updatedAt),
    created_at: time(hook.createdAt),
    url,
    test_url: `${url}/tests`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response: hook.lastResponse ?? unused,
  }
}

/** Hooks in GitHub's shape: the answer to `GET /repos/{owner}/{repo}/hooks`. */
export function hooksJson(hooks: readonly WebhookRecord[], hooksUrl: string): GitHubHook[] {
  return hooks.map((hook) => hookJson(hook, hooksUrl))
}

/** An attempt in GitHub's shape, as lists show it. */
export function deliveryJson(
  record: ListedDelivery,
  hook: Pick<WebhookRecord, 'target'>,
): GitHubDelivery {
  const { target } = hook
  return {
    id: record.id,
    guid: record.guid,
    delivered_at: time(record.at),
    redelivery: record.redelivery ?? false,
    duration: Math.round(record.durationMs / 10) / 100,
    status: statusOf(record),
    status_code: record.status ?? 0,
    event: record.event,
    action: record.action,
    installation_id: null,
    repository_id: target?.type === 'repository' ? target.id : null,
    throttled_at: null,
  }
}

/**
 * Attempts in GitHub's shape: the answer to `GET /repos/{owner}/{repo}/hooks/{hook_id}/deliveries`.
 */
export function deliveriesJson(
  records: readonly ListedDelivery[],
  hook: Pick<WebhookRecord, 'target'>,
): GitHubDelivery[] {
  return records.map((record) => deliveryJson(record, hook))
}

/** An attempt in GitHub's shape, with its request and its response. */
export function deliveryDetailJson(
  record: ListedDelivery,
  hook: Pick<WebhookRecord, 'target'>,
): GitHubDeliveryDetail {
  const { responseBody } = record
  return {
    ...deliveryJson(record, hook),
    url: record.url,
    request: { headers: record.requestHeaders, payload: sentPayload(record) },
    response: {
      headers: record.responseHeaders,
      payload: responseBody && new TextDecoder().decode(responseBody),
    },
  }
}

/** GitHub's words, and helve's own for attempts that nobody has answered and that did not fail. */
function statusOf(record: DeliveryRecord): string {
  const { outcome } = record
  if (outcome === null) return 'pending'
  if (outcome === 'never sent' || outcome === 'interrupted') return outcome
  return lastResponse(record).status
}

/** The event's payload in a request body, JSON or form; `null` if no body is kept. */
function sentPayload({ requestBody }: Pick<DeliveryRecord, 'requestBody'>): unknown {
  const json = requestBody.startsWith('payload=')
    ? (new URLSearchParams(requestBody).get('payload') ?? '')
    : requestBody
  if (json === '') return null
  return JSON.parse(json) as unknown
}

function configJson({ url, contentType, insecureTls, hasSecret }: WebhookRecord): GitHubHookConfig {
  return {
    url,
    content_type: contentType,
    insecure_ssl: insecureTls ? '1' : '0',
    ...(hasSecret ? { secret: '********' } : {}),
  }
}

/** GitHub capitalises the type here, but not in the headers of a delivery. */
export function typeOf(target: WebhookRecord['target']): string {
  const type = target?.type ?? 'repository'
  return type.charAt(0).toUpperCase() + type.slice(1)
}

/** ISO 8601 to the second. */
function time(at: number): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
}
