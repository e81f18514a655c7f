import { isIPv4, isIPv6 } from 'node:net'

/** An IPv4 or IPv6 address; `text` is a spelling that `node:net` accepts. */
export interface Address {
  version: 4 | 6
  text: string
}

const HEXTETS = 8
/** `::ffff:0:0/96`: IPv4 addresses in the notation of IPv6. RFC 4291, section 2.5.5.2 */
const MAPPED = [0, 0, 0, 0, 0, 0xffff]
/**
 * `64:ff9b::/96`: a gateway forwards to the IPv4 address in the last 32 bits. RFC 6052, section 2.1
 */
const NAT64 = [0x64, 0xff9b, 0, 0, 0, 0]
const DOTTED = /(\d+)\.(\d+)\.(\d+)\.(\d+)$/

/**
 * Reads an address. A mapped address becomes its IPv4 address, because the kernel sends IPv4
 * packets to it. Returns undefined for every other text, such as an address with a zone id.
 */
export function readAddress(text: string): Address | undefined {
  if (isIPv4(text)) return { version: 4, text }
  if (!isIPv6(text) || text.includes('%')) return undefined
  return ipv4In(text, MAPPED) ?? { version: 6, text }
}

/** The address, followed by the IPv4 address behind the gateway if it is an address of NAT64. */
export function viewsOf(address: Address): Address[] {
  const behind = address.version === 6 ? ipv4In(address.text, NAT64) : undefined
  return behind === undefined ? [address] : [address, behind]
}

/** The 32 or 128 bits of an address as a text of `0` and `1`. */
export function bitsOf({ version, text }: Address): string {
  if (version === 4)
    return text
      .split('.')
      .map((byte) => inBinary(Number(byte), 8))
      .join('')
  return hextetsOf(text)
    .map((hextet) => inBinary(hextet, 16))
    .join('')
}

function inBinary(value: number, width: number): string {
  return value.toString(2).padStart(width, '0')
}

/** The IPv4 address at the end of an IPv6 address with this prefix of 96 bits. */
function ipv4In(text: string, prefix: readonly number[]): Address | undefined {
  const hextets = hextetsOf(text)
  if (prefix.some((hextet, at) => hextets[at] !== hextet)) return undefined
  const bytes = hextets.slice(-2).flatMap((hextet) => [hextet >> 8, hextet & 0xff])
  return { version: 4, text: bytes.join('.') }
}

function hextetsOf(text: string): number[] {
  const [head = '', tail] = text.replace(DOTTED, inHex).split('::')
  const [before, after] = [listed(head), listed(tail ?? '')]
  const zeros = Array.from({ length: HEXTETS - before.length - after.length }, () => 0)
  return [...before, ...zeros, ...after]
}

function listed(part: string): number[] {
  return part === '' ? [] : part.split(':').map((hextet) => Number.parseInt(hextet, 16))
}

/** `10.0.0.1` at the end of an IPv6 address is two hextets. */
function inHex(_: string, ...bytes: string[]): string {
  const [a, b, c, d] = bytes.map(Number) as [number, number, number, number]
  return `${(a * 256 + b).toString(16)}:${(c * 256 + d).toString(16)}`
}
