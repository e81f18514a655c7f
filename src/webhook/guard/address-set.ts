import { BlockList } from 'node:net'
import { bitsOf, readAddress, type Address } from './address.ts'

/** The addresses that share the first `prefix` bits of `base`. */
export interface Range {
  base: Address
  prefix: number
}

const FAMILY = { 4: 'ipv4', 6: 'ipv6' } as const
const WIDTH = { 4: 32, 6: 128 } as const
const CIDR = /^([\d.]+|[\da-f:.]*:[\da-f:.]*)(?:\/(\d{1,3}))?$/i

/**
 * Reads an address or a CIDR. Returns undefined for every other text, and for a CIDR with bits
 * beyond its prefix: the author of `10.1.2.3/8` may have meant one address or 16 million.
 */
export function readRange(text: string): Range | undefined {
  const [, address = '', length] = text.match(CIDR) ?? []
  const base = readAddress(address)
  if (base === undefined) return undefined
  const prefix =
    length === undefined ? WIDTH[base.version] : prefixOf(Number(length), address, base)
  return isExact(base, prefix) ? { base, prefix } : undefined
}

/** `::ffff:10.0.0.0/104` is `10.0.0.0/8`. */
function prefixOf(length: number, address: string, base: Address): number {
  const isMapped = base.version === 4 && address.includes(':')
  return isMapped ? length - (WIDTH[6] - WIDTH[4]) : length
}

function isExact(base: Address, prefix: number): boolean {
  if (prefix < 0 || prefix > WIDTH[base.version]) return false
  return !bitsOf(base).slice(prefix).includes('1')
}

/**
 * Ranges of addresses. IPv4 and IPv6 have separate lists: `::/0` must not match an IPv4 address.
 */
export class AddressSet {
  readonly #lists = { 4: new BlockList(), 6: new BlockList() }

  static of(...ranges: string[]): AddressSet {
    const set = new AddressSet()
    for (const range of ranges) set.add(readRange(range)!)
    return set
  }

  add({ base: { version, text }, prefix }: Range): void {
    this.#lists[version].addSubnet(text, prefix, FAMILY[version])
  }

  has({ version, text }: Address): boolean {
    return this.#lists[version].check(text, FAMILY[version])
  }
}
