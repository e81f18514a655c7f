import { isLocalhost, LOCALHOST } from './host-name.ts'
import { HostsFile } from './hosts-file.ts'
import { LookupSlots } from './lookup-slots.ts'
import { askDns, askSystem, type Ask } from './name-servers.ts'

/** Finds the addresses of a host name. */
export interface Resolver {
  /**
   * Every address of the name, IPv4 and IPv6.
   *
   * @throws NodeJS.ErrnoException such as `ENOTFOUND` or `ETIMEOUT`; the signal's reason once it aborts
   */
  resolve(host: string, signal: AbortSignal): Promise<readonly string[]>
}

/** What a resolver is made of. */
interface Sources {
  /** The path of a hosts file, whose names are not asked for. */
  hosts?: string
  ask: Ask
  /** @default those of the thread */
  slots?: LookupSlots
}

/**
 * Of each thread. A lane runs 64 deliveries at a time by convention, and each zone that nobody answers
 * for holds an eighth of the slots at most, for the few seconds that a lookup takes.
 */
const SLOTS = new LookupSlots({ most: 64, mostOfZone: 8 })

/** Localhost, then the hosts file, then whoever is asked. */
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
