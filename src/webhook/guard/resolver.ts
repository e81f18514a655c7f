import { isLocalhost, LOCALHOST } from './host-name.ts'
import { HostsFile } from './hosts-file.ts'
import { LookupSlots } from './lookup-slots.ts'
import { askDns, askSystem, type Ask } from './name-servers.ts'

/** Looks up the addresses of host names. */
export interface Resolver {
  /**
   * Looks up every address of a name, IPv4 and IPv6.
   *
   * @throws NodeJS.ErrnoException such as `ENOTFOUND` or `ETIMEOUT`; the reason of the signal once
   *   the signal aborts
   */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[]>
}

/** The parts of a resolver. */
interface Sources {
  /** The path of a hosts file. Names in the file need no query. @default none */
  hosts?: string
  ask: Ask
  /** @default the slots of the thread */
  slots?: LookupSlots
}

/**
 * The slots of a thread: a zone whose servers are silent holds an eighth of them for 4 s at a time.
 */
const SLOTS = new LookupSlots({ most: 64, mostOfZone: 8 })

/** Resolves localhost itself, then reads the hosts file, then asks. */
export class HostResolver implements Resolver {
  readonly #hosts: HostsFile | undefined
  readonly #ask: Ask
  readonly #slots: LookupSlots

  constructor({ hosts, ask, slots = SLOTS }: Sources) {
    this.#hosts = hosts === undefined ? undefined : new HostsFile(hosts)
    this.#ask = ask
    this.#slots = slots
  }

  async resolve(host: string, signal: AbortSignal): Promise<readonly string[]> {
    signal.throwIfAborted()
    if (isLocalhost(host)) return LOCALHOST
    const known = this.#hosts?.addressesOf(host)
    return known ?? this.#slots.run(host, signal, () => this.#ask(host, signal))
  }
}

/** The resolver that the rules name. */
export function resolverOf(name: 'dns' | 'system'): Resolver {
  if (name === 'system') return new HostResolver({ ask: askSystem })
  return new HostResolver({ hosts: '/etc/hosts', ask: askDns })
}
