import { promises as dns } from 'node:dns'

/** Asks for every address of a host name. */
export type Ask = (host: string, signal: AbortSignal) => Promise<string[]>

/**
 * Milliseconds until c-ares repeats a query, and the number of queries to each server. A lookup
 * that no server answers fails after 3 to 4 s, well before the deadline of an attempt (10 s).
 */
const QUERY = { timeout: 1_000, tries: 2 }

/** The server knows no address of this family, or does not know the name. */
const NO_ADDRESS = new Set(['ENODATA', 'ENOTFOUND'])

/**
 * Asks the servers of /etc/resolv.conf. Unlike dns.lookup, c-ares waits on sockets and holds no
 * thread of libuv's pool. Each lookup has a channel of its own, so that an abort cancels this
 * lookup alone, and a changed resolv.conf takes effect at once.
 */
export async function askDns(host: string, signal: AbortSignal): Promise<string[]> {
  const channel = new dns.Resolver(QUERY)
  const cancel = (): void => channel.cancel()
  signal.addEventListener('abort', cancel)
  try {
    return joined(await Promise.allSettled([channel.resolve4(host), channel.resolve6(host)]))
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}

/** One family suffices. If both fail, a temporary failure goes before a final one. */
function joined(answers: PromiseSettledResult<string[]>[]): string[] {
  const addresses = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  if (addresses.length > 0) return addresses
  const failures = answers.flatMap((one) =>
    one.status === 'rejected' ? [one.reason as Error] : [],
  )
  throw failures.find((error) => !NO_ADDRESS.has(codeOf(error))) ?? failures[0]!
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? ''
}

/** Asks getaddrinfo, which no signal can cancel. */
export async function askSystem(host: string): Promise<string[]> {
  const answers = await dns.lookup(host, { all: true, order: 'verbatim' })
  return answers.map(({ address }) => address)
}
