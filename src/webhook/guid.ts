import { createHash } from 'node:crypto'

/**
 * The GUID for these values: equal values give equal GUIDs. A UUID of version 8 may be made in any
 * way: RFC 9562, section 5.8.
 */
export function guidOf(...values: unknown[]): string {
  const hex = createHash('sha256').update(JSON.stringify(values)).digest('hex')
  const variant = '89ab'[Number.parseInt(hex.charAt(16), 16) % 4]
  const groups = [hex.slice(0, 8), hex.slice(8, 12), `8${hex.slice(13, 16)}`]
  return [...groups, `${variant}${hex.slice(17, 20)}`, hex.slice(20, 32)].join('-')
}
