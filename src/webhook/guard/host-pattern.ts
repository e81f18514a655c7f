import { isIP } from 'node:net'
import { isHostName, withoutDot } from './host-name.ts'

/** Characters that separate the host of a URL from its other parts. */
const OTHER_PARTS = /[\s/?#@:[\]\\%]/

/**
 * Reads a host name in which `*` stands for any characters of one label, or, as the first label,
 * for one or more labels. Returns the name in lower case, in ASCII and without a dot at its end.
 * Returns undefined for a text that is no host name, such as `10.0.0.*`: patterns match names, not
 * addresses.
 */
export function readPattern(text: string): string | undefined {
  if (OTHER_PARTS.test(text) || !URL.canParse(`http://${text}`)) return undefined
  const pattern = withoutDot(new URL(`http://${text}`).hostname)
  if (isIP(pattern) !== 0 || /^[\d.*]*\d[\d.*]*$/.test(pattern)) return undefined
  return isHostName(pattern.replaceAll('*', 'x')) ? pattern : undefined
}

/**
 * Whether the pattern leaves the last label open, as `*` and `forge.*` do: strangers can then own a
 * name that matches. Strangers cannot own a name without a dot, so that `build-*` is not open.
 */
export function isOpenEnded(pattern: string): boolean {
  const labels = pattern.split('.')
  return pattern === '*' || (labels.length > 1 && labels.at(-1)!.includes('*'))
}

/** The expression that a whole host name has to match. */
export function patternTest(pattern: string): RegExp {
  const [first, ...rest] = pattern.split('.').map(labelTest)
  const labels = [pattern.startsWith('*.') || pattern === '*' ? ANY_LABELS : first, ...rest]
  return new RegExp(`^${labels.join('\\.')}$`)
}

const ANY_LABELS = '[^.]+(?:\\.[^.]+)*'

function labelTest(label: string): string {
  return label === '*' ? '[^.]+' : label.replaceAll(/\*+/g, '[^.]*')
}
