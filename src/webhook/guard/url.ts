import { isIP } from 'node:net'
import { shown } from '../../job/check.ts'
import { refused } from './blocked-error.ts'
import type { Guard } from './guard.ts'
import { isHostName, withoutDot } from './host-name.ts'

/** User and password. The parser drops empty ones, so that the text itself has to be searched. */
const USERINFO = /^[^:]*:[/\\]*[^/\\?#]*@/
const DEFAULT_PORTS: Record<string, number> = { 'http:': 80, 'https:': 443 }

/**
 * Reads the URL of a hook and judges the URL without a lookup: the connector judges the addresses
 * of names. WHATWG's parser normalises every spelling of an address, so that no spelling evades the
 * guard.
 *
 * @throws BlockedError when the guard refuses the URL. The message shows scheme, host and port
 *   only: user, password, path and query may be secrets.
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
  // The parser drops tabs and line ends before it looks for user and password.
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
