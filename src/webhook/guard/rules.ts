import { badOption, checkKeys, checkOneOf, shown } from '../../job/check.ts'
import { ENTRY, meantWord, readEntry } from './entry.ts'
import { isOpenEnded } from './host-pattern.ts'
import { PORT_ENTRY, readPorts, type PortEntry } from './ports.ts'

/**
 * Where deliveries may go. Every entry of `allow` and `deny` is one of
 *
 * - `external`: public unicast addresses,
 * - `private`: RFC 1918 and unique local addresses of IPv6,
 * - `loopback`: 127.0.0.0/8 and ::1,
 * - an address or a CIDR, IPv4 or IPv6: exactly its range, also where a URL spells an IPv4 address in
 *   the notation of IPv6,
 * - a host name. `*` stands for any characters of one label, or, as the first label, for one or more
 *   labels. A host that is called like one of the words gets a dot at its end.
 */
export interface GuardOptions {
  /**
   * What deliveries may reach. An allowed host name opens, for requests to that name alone, whatever
   * addresses the name resolves to: external, private, loopback and shared (RFC 6598) ones. Other
   * kinds, such as link-local with the credentials of clouds, need an entry of their own.
   *
   * The name is the one in the URL of the hook. Another name that is an alias of the allowed one, or
   * resolves to the same address, opens nothing; `deny` holds for allowed names too. So the entry
   * trusts whoever sets the addresses of the name: list names of a zone that only the operator can
   * write. A pattern whose last label is open (`*`, `forge.*`) is refused, since strangers can own a
   * name that matches. Nothing stops an operator from `*.com`, which is as bad.
   *
   * @default ['external']
   */
  allow?: readonly string[]
  /** What no delivery may reach, although `allow` has it. @default [] */
  deny?: readonly string[]
  /**
   * Ports, ranges (`8000-8999`), and `default`: 80, 443, and those from 1024 on but for well-known
   * services that are no receivers (docs/webhooks.md lists them). @default ['default']
   */
  ports?: readonly PortEntry[]
  /**
   * `dns` asks the servers of /etc/resolv.conf, after /etc/hosts, and gives up with the attempt.
   * `system` asks getaddrinfo, with all that nsswitch.conf says; a server that does not answer then
   * holds threads of libuv's pool, which the whole process shares, for as long as resolv.conf lets it
   * (10 s by default). @default 'dns'
   */
  resolver?: 'dns' | 'system'
}

/** Checked and complete. Plain data, so that it crosses threads as it is. */
export type GuardRules = Required<GuardOptions>

/** The names of all options. */
export const GUARD_OPTIONS = ['allow', 'deny', 'ports', 'resolver'] as const

/**
 * @param name of the option that holds these, for messages
 * @throws HelveError `HELVE_ERR_OPTION`, by name and index, for what is not as {@link GuardOptions} says
 */
export function checkGuard(options: GuardOptions = {}, name = 'webhooks'): GuardRules {
  checkKeys(options, name, GUARD_OPTIONS)
  const { allow = ['external'], deny = [], ports = ['default'], resolver = 'dns' } = options
  return {
    allow: checked(allow, `${name}.allow`, checkAllowed),
    deny: checked(deny, `${name}.deny`, checkEntry),
    ports: checked(ports, `${name}.ports`, checkPort),
    resolver: checkOneOf(resolver, `${name}.resolver`, ['dns', 'system']),
  }
}

function checked<T>(
  list: readonly T[],
  field: string,
  check: (entry: T, field: string) => void,
): readonly T[] {
  if (!Array.isArray(list)) throw badOption(field, 'an array', list)
  const copy = Array.from(list as readonly T[])
  for (const [at, entry] of copy.entries()) check(entry, `${field}[${at}]`)
  return copy
}

function checkAllowed(text: string, field: string): void {
  const entry = checkEntry(text, field)
  if ('pattern' in entry && isOpenEnded(entry.pattern)) {
    throw badOption(field, 'a host name whose last label has no *', text)
  }
}

function checkEntry(text: string, field: string): NonNullable<ReturnType<typeof readEntry>> {
  if (typeof text !== 'string') throw badOption(field, ENTRY, text)
  const entry = readEntry(text)
  if (entry !== undefined) return entry
  const meant = meantWord(text)
  throw badOption(field, meant === undefined ? ENTRY : `${ENTRY} (such as ${shown(meant)})`, text)
}

function checkPort(entry: PortEntry, field: string): void {
  if (readPorts(entry) === undefined) throw badOption(field, PORT_ENTRY, entry)
}
