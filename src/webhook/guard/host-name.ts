const LABEL = /^[a-z0-9_-]{1,63}$/

/** Bytes of a host name: RFC 1035, section 2.3.4, without its length bytes. */
const MAX_LENGTH = 253

/** Whether DNS can hold this name, which is in lower case and has no dot at its end. */
export function isHostName(name: string): boolean {
  return name.length <= MAX_LENGTH && name.split('.').every((label) => LABEL.test(label))
}

/**
 * `localhost` and the names below it are this machine. No server is asked: RFC 6761, section 6.3
 */
export function isLocalhost(name: string): boolean {
  return name === 'localhost' || name.endsWith('.localhost')
}

/** The addresses of `localhost`. */
export const LOCALHOST: readonly string[] = ['127.0.0.1', '::1']

/** Takes the dot of the DNS root off the end of a name. */
export function withoutDot(name: string): string {
  return name.endsWith('.') ? name.slice(0, -1) : name
}
