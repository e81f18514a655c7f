const LABEL = /^[a-z0-9_-]{1,63}$/

/** Bytes of a host name: RFC 1035, section 2.3.4, without its length bytes. */
const MAX_LENGTH = 253

/** Whether a name, in lower case and without a dot at its end, is one that DNS can hold. */
export function isHostName(name: string): boolean {
  return name.length <= MAX_LENGTH && name.split('.').every((label) => LABEL.test(label))
}

/** `localhost` and all below it are this machine, and nobody is asked: RFC 6761, section 6.3 */
export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}

/** What these names stand for. */
export const LOCALHOST: readonly string[] = ['127.0.0.1', '::1']

/** A name may end with the dot of the root. */
export function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}
