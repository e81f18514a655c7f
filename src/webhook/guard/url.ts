import { isIP } from 'node:net'
import { shown } from '../../job/check.ts'
import { refused } from './blocked-error.ts'
import type { Guard } from './guard.ts'
import { isHostName, withoutDot } from './host-name.ts'

/** User and password, empty ones included, which the parser drops. */
const USERINFO = /^[^:]*:[/\\]*[^/\\?#]*@/
const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 }

/**
 * Reads the URL of a hook, and judges all that it tells by itself: names are judged when they are
 * resolved. Every spelling of an address is the address, since WHATWG's parser normalises them.
 *
 * @throws BlockedError when requests must not go there. The message has host and port, and nothing else
 *   of the URL: user, password, path and query are nobody's business but the receiver's.
 */
export function checkUrl(given: string, guard: Guard): URL {
  const url = httpUrl(given)
  if (!isIP(hostOf(url))) url.hostname = nameOf(url)
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol]! : Number(url.port)
  const blocked = guard.refusePort(port) ?? guard.refuseHost(hostOf(url))
  if (blocked !== undefined) throw blocked
  return url
}

/** A host name, or an address without brackets. */
export function hostOf({ hostname }: URL): string {
  return hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
}

function httpUrl(given: unknown): URL {
  if (typeof given !== 'string' || !URL.canParse(given)) {
    throw refused('an absolute http or https URL', 'something else')
  }
  const url = new URL(given)
  if (!(url.protocol in DEFAULT_PORTS)) throw refused('http or https', shown(url.protocol))
  // The parser drops tabs and line ends too.
  const text = given.replaceAll(/[\t\n\r]/g, '')
  if (url.username || url.password || USERINFO.test(text)) {
    throw refused('no user and password', 'them')
  }
  if (url.href.includes('#')) throw refused('no fragment', 'one')
  return url
}

function nameOf(url: URL): string {
  const name = withoutDot(url.hostname)
  if (!isHostName(name)) throw refused('a host name or an address', shown(url.hostname))
  return name
}
