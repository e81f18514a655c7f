import type { DeliveryRecord } from '../job/delivery.ts'

const MASK = '***'

/** A URL, absolute or relative, without what may be a secret: user, query values, fragment. */
export function maskUrl(url: string): string {
  return url
    .replace(/^([a-z][a-z0-9+.-]*:)?([/\\]{2})[^/\\?#]*@/i, `$1$2${MASK}@`)
    .replace(/#.*$/s, `#${MASK}`)
    .replace(/\?[^#]*/, (query) => `?${query.slice(1).split('&').map(maskPair).join('&')}`)
}

/** A name without a value may be the secret itself. */
function maskPair(pair: string): string {
  return pair.replace(/^([^=]*=)?.*$/s, `$1${MASK}`)
}

type Headers = NonNullable<DeliveryRecord['responseHeaders']>

/** Response headers as they may be kept. A redirect commonly repeats the query it was sent. */
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
