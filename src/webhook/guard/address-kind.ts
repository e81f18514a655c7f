import { viewsOf, type Address } from './address.ts'
import { AddressSet } from './address-set.ts'

/** The purpose of an address. By default the guard permits `external` addresses alone. */
export type AddressKind =
  | 'external'
  | 'private'
  | 'loopback'
  | 'shared'
  | 'link-local'
  | 'metadata'
  | 'unspecified'
  | 'multicast'
  | 'documentation'
  | 'benchmarking'
  | 'reserved'

/**
 * Special-purpose addresses. The first set that contains an address gives its kind.
 * https://www.iana.org/assignments/iana-ipv4-special-registry
 * https://www.iana.org/assignments/iana-ipv6-special-registry
 */
const SPECIAL: [AddressKind, AddressSet][] = [
  // Besides link-local addresses, clouds give a machine its credentials here: Azure, AWS, Google.
  ['metadata', AddressSet.of('168.63.129.16', 'fd00:ec2::254', 'fd20:ce::254')],
  ['loopback', AddressSet.of('127.0.0.0/8', '::1')],
  // RFC 1918 and RFC 4193
  ['private', AddressSet.of('10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7')],
  // Providers use it towards their customers, and overlay networks use it inside: RFC 6598
  ['shared', AddressSet.of('100.64.0.0/10')],
  ['link-local', AddressSet.of('169.254.0.0/16', 'fe80::/10')],
  // Linux connects to the machine itself for 0.0.0.0 and `::`.
  ['unspecified', AddressSet.of('0.0.0.0/8', '::')],
  ['multicast', AddressSet.of('224.0.0.0/4', 'ff00::/8')],
  ['documentation', AddressSet.of('192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24')],
  ['documentation', AddressSet.of('2001:db8::/32', '3fff::/20')],
  ['benchmarking', AddressSet.of('198.18.0.0/15')],
  // IETF protocols, relays of 6to4, class E with broadcast
  ['reserved', AddressSet.of('192.0.0.0/24', '192.88.99.0/24', '240.0.0.0/4')],
  // IETF protocols such as Teredo and ORCHID; 6to4, whose addresses contain an IPv4 address
  ['reserved', AddressSet.of('2001::/23', '2002::/16')],
]

/** IANA gives out global unicast addresses of IPv6 from this range alone. RFC 4291, section 2.4 */
const GLOBAL_UNICAST = AddressSet.of('2000::/3')

/**
 * The kind of an address. An address of NAT64 has the kind of the IPv4 address behind the gateway.
 */
export function kindOf(address: Address): AddressKind {
  const judged = viewsOf(address).at(-1)!
  const special = SPECIAL.find(([, set]) => set.has(judged))
  if (special !== undefined) return special[0]
  return judged.version === 4 || GLOBAL_UNICAST.has(judged) ? 'external' : 'reserved'
}
