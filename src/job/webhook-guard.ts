/** One entry of `ports`: a port, a range such as `8000-8999`, or the default set. */
export type PortEntry = number | `${number}-${number}` | 'default'

/**
 * Where webhook deliveries may go. Every entry of `allow` and `deny` is one of
 *
 * - `external`: public unicast addresses,
 * - `private`: RFC 1918 and unique local addresses of IPv6,
 * - `loopback`: 127.0.0.0/8 and ::1,
 * - an address or a CIDR, IPv4 or IPv6: exactly this range, also for a URL that spells an IPv4
 *   address in the notation of IPv6,
 * - a host name. `*` stands for any characters of one label, or, as the first label, for one or
 *   more labels. A host whose name resembles one of the three words needs a dot at its end.
 */
export interface GuardOptions {
  /**
   * The destinations that deliveries may reach. An allowed host name permits the addresses to which
   * the name resolves, also private, loopback and shared (RFC 6598) ones, for requests to this name
   * alone. Addresses of other kinds, such as link-local with the metadata of clouds, need an entry
   * of their own.
   *
   * An attacker cannot widen an allowed name. The guard compares the name in the URL of the hook:
   * an attacker's name that is an alias (CNAME) of the allowed name, or resolves to the same
   * address, stays refused. `deny` holds for allowed names too. The guard refuses patterns with an
   * open last label (`*`, `forge.*`), because an attacker could register a name that matches. The
   * entry does trust everybody who can write the DNS zone of the name: list names of the operator's
   * own zones only, and never a public suffix (`*.com`).
   *
   * @default ['external']
   */
  allow?: readonly string[]
  /** The destinations that deliveries may not reach although `allow` permits them. @default [] */
  deny?: readonly string[]
  /**
   * The ports that deliveries may reach: ports, ranges (`8000-8999`), and `default`. `default` is
   * 80, 443, and the ports from 1024 on without those of well-known services, which
   * docs/webhooks.md lists.
   *
   * @default ['default']
   */
  ports?: readonly PortEntry[]
  /**
   * `dns` reads /etc/hosts, then asks the servers of /etc/resolv.conf; a lookup ends with its
   * attempt. `system` calls getaddrinfo, which follows nsswitch.conf. A server that does not answer
   * then holds threads of libuv's pool, which the whole process shares, for 10 s by the defaults of
   * resolv.conf.
   *
   * @default 'dns'
   */
  resolver?: 'dns' | 'system'
}

/** Checked {@link GuardOptions} with the defaults filled in: plain data, to be sent to threads. */
export type GuardRules = Required<GuardOptions>
