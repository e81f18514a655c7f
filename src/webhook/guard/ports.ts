import type { PortEntry } from '../../job/webhook-guard.ts'

/** Describes the valid entries in error messages. */
export const PORT_ENTRY = 'a port from 1 to 65535, a range such as "8000-8999", or "default"'

const MAX_PORT = 65_535

/**
 * Ports from 1024 on of well-known services that an HTTP request could harm, or that trust every
 * client. Webhooks have no receiver there. The list has no port from 32768 on, because Linux gives
 * receivers without a port of their own any port of that range.
 */
const SERVICES = new Set([
  // The bad ports of browsers: https://fetch.spec.whatwg.org/#port-blocking
  ...[1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566],
  ...[6665, 6666, 6667, 6668, 6669, 6679, 6697, 10080],
  // Databases: SQL Server, Oracle, MySQL, PostgreSQL, CouchDB, Neo4j, InfluxDB, Cassandra,
  // RethinkDB, MongoDB
  ...[1433, 1434, 1521, 3306, 5432, 5984, 7687, 8086, 9042, 9160, 28015, 27017, 27018, 27019],
  // Caches, search and queues: Redis with TLS and Sentinel, memcached, Elasticsearch, AMQP, Kafka,
  // NATS, MQTT, RabbitMQ's distribution, Erlang's port mapper, beanstalkd
  ...[6379, 6380, 26379, 11211, 9200, 9300, 5671, 5672, 9092, 4222, 1883, 8883, 25672, 4369, 11300],
  // Services that give a client control of machines: Docker, ZooKeeper, etcd, Kubernetes with its
  // kubelets, Consul, Vault, Nomad, debuggers of Java and Node
  ...[2375, 2376, 2181, 2379, 2380, 6443, 10250, 10255, 8300, 8301, 8302, 8500, 8501],
  ...[8200, 4646, 5005, 9229],
  // Mail, git, shells and screens: SMTP's other port, git://, SSH's other port, RDP, VNC, WinRM
  ...[2525, 9418, 2222, 3389, 5900, 5985, 5986],
])

const RANGE = /^(\d{1,5})-(\d{1,5})$/

type PortRange = [first: number, last: number]

/** The ranges of an entry; undefined for a value that is no entry. */
export function readPorts(entry: unknown): PortRange[] | undefined {
  if (entry === 'default') return DEFAULT
  const [, first = entry, last = entry] = String(entry).match(RANGE) ?? []
  const range: PortRange = [Number(first), Number(last)]
  const isRange = typeof entry === 'string' ? first !== entry : Number.isInteger(entry)
  return isRange && range[0] >= 1 && range[0] <= range[1] && range[1] <= MAX_PORT
    ? [range]
    : undefined
}

/** 80, 443, and the ports from 1024 on without {@link SERVICES}. */
const DEFAULT = withoutServices()

function withoutServices(): PortRange[] {
  const ranges: PortRange[] = [
    [80, 80],
    [443, 443],
  ]
  let first = 1024
  for (const port of [...SERVICES, MAX_PORT + 1].sort((a, b) => a - b)) {
    if (port > first) ranges.push([first, port - 1])
    first = port + 1
  }
  return ranges
}

/** The ports that the entries name. */
export class PortSet {
  readonly #ranges: PortRange[]

  /** @param entries that `checkGuard` has checked */
  constructor(entries: readonly PortEntry[]) {
    this.#ranges = entries.flatMap((entry) => readPorts(entry)!)
  }

  has(port: number): boolean {
    return this.#ranges.some(([first, last]) => port >= first && port <= last)
  }
}
