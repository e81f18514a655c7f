import { promises as dns } from 'node:dns'

/** Asks for every address of a host name. */
export type Ask = (host: string, signal: AbortSignal) => Promise<string[]>

/**
 * Milliseconds until a name server is asked again, and how often one is asked. A name that nobody
 * answers for fails after about 3 s, well before the attempt does.
 */
const QUERY = { timeout: 1_000, tries: 2 }

/** The name is known, but has no address of this family, or it is not known. */
const NO_ADDRESS = new Set(['ENODATA', 'ENOTFOUND'])

/**
 * Asks the servers of /etc/resolv.conf by c-ares, which waits on sockets and takes no thread. Each
 * lookup has a channel of its own: it can be called off alone, and a resolv.conf that was changed
 * counts at once.
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

/** One family is enough. Where both fail, the failure that may pass is told. */
function joined(answers: PromiseSettledResult<string[]>[]): string[] {
  const addresses = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []))
  if (addresses.length > 0) return addresses
  const failures = answers.flatMap((one) => (one.status === 'rejected' ? [one.reason as Error] : []))
  throw failures.find((error) => !NO_ADDRESS.has(codeOf(error))) ?? failures[0]!
}

function codeOf(error: NodeJS.ErrnoException): string {
  return error.code ?? ''
}

/** Asks getaddrinfo, which cannot be called off. */
export async function askSystem(host: string): Promise<string[]> {
  const answers = await dns.lookup(host, { all: true, order: 'verbatim' })
  return answers.map(({ address }) => address)
}
