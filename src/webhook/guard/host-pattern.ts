import { isIP } from 'node:net'
import { isHostName, withoutDot } from './host-name.ts'

/** What would end or begin another part of a URL. */
const OTHER_PARTS = /[\s/?#@:[\]\\%]/

/**
 * Reads a host name in which `*` stands for any characters of one label, or, as the first label, for
 * one or more labels. Gives the name in lower case, in ASCII and without a dot at its end. Undefined
 * for what no host can be called, such as `10.0.0.*`: no pattern matches an address.
 */
export function readPattern(text: string): string | undefined {
  if (OTHER_PARTS.test(text) || !URL.canParse(`http://${text}`)) return undefined
  const pattern = withoutDot(new URL(`http://${text}`).hostname)
  if (isIP(pattern) !== 0 || /^[\d.*]*\d[\d.*]*$/.test(pattern)) return undefined
  return isHostName(pattern.replaceAll('*', 'x')) ? pattern : undefined
}

/**
 * Whether strangers can own a name that the pattern matches, since its end is open: `*`, or
 * `forge.*`. A name without dots is nobody's, so that `build-*` is not open.
 */
export function isOpenEnded(pattern: string): boolean {
  const labels = pattern.split('.')
  return pattern === '*' || (labels.length > 1 && labels.at(-1)!.includes('*'))
}

/** Tests a whole host name. */
export function patternTest(pattern: string): RegExp {
  const [first, ...rest] = pattern.split('.').map(labelTest)
  const labels = [pattern.startsWith('*.') || pattern === '*' ? ANY_LABELS : first, ...rest]
  return new RegExp(`^${labels.join('\\.')}$`)
}

const ANY_LABELS = '[^.]+(?:\\.[^.]+)*'

function labelTest(label: string): string {
  return label === '*' ? '[^.]+' : label.replaceAll(/\*+/g, '[^.]*')
}
