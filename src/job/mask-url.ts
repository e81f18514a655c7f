export const MASK = '***'

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
