import { isIP } from 'node:net'
import { readAddress } from './address.ts'
import { kindOf, type AddressKind } from './address-kind.ts'
import { refused, type BlockedError } from './blocked-error.ts'
import { EntrySet } from './entry-set.ts'
import { isLocalhost, LOCALHOST } from './host-name.ts'
import { PortSet } from './ports.ts'
import { resolverOf, type Resolver } from './resolver.ts'
import type { GuardRules } from '../../job/webhook-guard.ts'

/** Most addresses that a guard remembers as permitted. */
const MOST_REMEMBERED = 10_000

/**
 * The kinds of addresses that an allowed host name permits. Hosts have no address of another kind.
 */
const NAMED = new Set<AddressKind>(['external', 'private', 'loopback', 'shared'])

/** The compiled rules: judges ports, hosts and addresses before a request goes there. */
export class Guard {
  readonly #allow: EntrySet
  readonly #deny: EntrySet
  readonly #ports: PortSet
  readonly #resolver: Resolver
  /** Host and address, as far as {@link refuse} has permitted them: the rules never change. */
  readonly #permitted = new Set<string>()

  /** @param resolver a test's own. @default the resolver that the rules name */
  constructor(rules: GuardRules, resolver = resolverOf(rules.resolver)) {
    this.#allow = new EntrySet(rules.allow)
    this.#deny = new EntrySet(rules.deny)
    this.#ports = new PortSet(rules.ports)
    this.#resolver = resolver
  }

  refusePort(port: number): BlockedError | undefined {
    if (this.#ports.has(port)) return undefined
    return refused('a port that the setting webhooks.ports permits', String(port))
  }

  /** Judges a host as far as the guard can without a lookup. */
  refuseHost(host: string): BlockedError | undefined {
    if (isIP(host) !== 0) return this.refuse(host, host)
    if (this.#deny.hasName(host)) return denied(host)
    return isLocalhost(host) ? this.#refuseAny(host, LOCALHOST) : undefined
  }

  /**
   * Judges an address of a host.
   *
   * @param host the name in the URL, or the address itself for a URL with an address
   */
  refuse(host: string, address: string): BlockedError | undefined {
    const pair = `${host} ${address}`
    if (this.#permitted.has(pair)) return undefined
    const blocked = this.#judge(host, address)
    if (blocked !== undefined) return blocked
    if (this.#permitted.size >= MOST_REMEMBERED) this.#permitted.clear()
    this.#permitted.add(pair)
    return undefined
  }

  #judge(host: string, address: string): BlockedError | undefined {
    const read = readAddress(address)
    const named = host === address ? host : `${host} at ${address}`
    if (read === undefined) return notAllowed(`${named} (no address)`)
    const kind = kindOf(read)
    if (this.#deny.hasAddress(read)) return denied(`${named} (${kind})`)
    if (this.#allow.hasAddress(read)) return undefined
    if (host !== address && NAMED.has(kind) && this.#allow.hasName(host)) return undefined
    return notAllowed(`${named} (${kind})`)
  }

  /**
   * Resolves a host to all of its addresses.
   *
   * @throws BlockedError when the guard refuses one address, also beside permitted ones: an
   *   attacker who mixes them hopes that the socket falls back to the refused one
   * @throws NodeJS.ErrnoException when the name has no address
   */
  async addressesOf(host: string, signal: AbortSignal): Promise<readonly string[]> {
    const addresses = isIP(host) === 0 ? await this.#resolver.resolve(host, signal) : [host]
    if (addresses.length === 0) throw noAddress(host)
    const blocked = this.#refuseAny(host, addresses)
    if (blocked !== undefined) throw blocked
    return addresses
  }

  #refuseAny(host: string, addresses: readonly string[]): BlockedError | undefined {
    for (const address of addresses) {
      const blocked = this.refuse(host, address)
      if (blocked !== undefined) return blocked
    }
    return undefined
  }
}

function noAddress(host: string): Error {
  return Object.assign(new Error(`${host} has no address`), { code: 'ENOTFOUND' })
}

function notAllowed(came: string): BlockedError {
  return refused('a host that the setting webhooks.allow permits', came)
}

function denied(came: string): BlockedError {
  return refused('a host that the setting webhooks.deny does not name', came)
}
