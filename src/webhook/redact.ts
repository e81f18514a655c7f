import type { DeliveryRecord } from '../job/delivery.ts'

const MASK = '***'

/**
 * Masks the parts of a URL, absolute or relative, that may be secret: user, query values, fragment.
 */
export function maskUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:)?([/\\]{2})[^/\\?#]*@/i, `$1$2${MASK}@`)
    .replace(/#.*$/s, `#${MASK}`)
    .replace(/\?[^#]*/, (query) => `?${query.slice(1).split('&').map(maskPair).join('&')}`)
}

/** A query name without a value may be the secret itself. */
function maskPair(pair: string): string {
  return pair.replace(/^([^=]*=)?.*$/s, `$1${MASK}`)
}

type Headers = NonNullable<DeliveryRecord['responseHeaders']>

/**
 * Masks the secrets in response headers, for keeping. A redirect commonly repeats the query of the
 * request.
 */
export function maskHeaders(headers: Headers): Headers {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, maskHeader(name.toLowerCase(), value)]),
  )
}

function maskHeader(name: string, value: string | string[]): string | string[] {
  if (Array.isArray(value)) return value.map((item) => maskHeader(name, item) as string)
  if (name === 'set-cookie') return MASK
  return name === 'location' ? maskUrl(value) : value
}
