import { readFileSync, statSync } from 'node:fs'
import { readAddress } from './address.ts'
import { withoutDot } from './host-name.ts'

/** The addresses of each name, in the order of the file. */
type Hosts = ReadonlyMap<string, readonly string[]>

/** Reads /etc/hosts, because queries of c-ares ignore the file. Reads it again after a change. */
export class HostsFile {
  readonly #path: string
  #hosts: Hosts = new Map()
  #version = ''

  constructor(path: string) {
    this.#path = path
  }

  /** The addresses of a name in lower case; undefined for a name that is not in the file. */
  addressesOf(name: string): readonly string[] | undefined {
    this.#refresh()
    return this.#hosts.get(name)
  }

  /** A missing file counts as an empty one. */
  #refresh(): void {
    try {
      const { mtimeMs, size, ino } = statSync(this.#path)
      const version = `${mtimeMs} ${size} ${ino}`
      if (version === this.#version) return
      this.#hosts = parseHosts(readFileSync(this.#path, 'utf8'))
      this.#version = version
    } catch {
      this.#hosts = new Map()
      this.#version = ''
    }
  }
}

/** Reads lines such as `10.0.0.7 ci.example.com ci # comment`, and skips other lines: hosts(5). */
export function parseHosts(text: string): Hosts {
  const hosts = new Map<string, string[]>()
  for (const line of text.split('\n')) {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/)
    if (readAddress(address) === undefined) continue
    for (const name of names) {
      const key = withoutDot(name.toLowerCase())
      hosts.set(key, [...(hosts.get(key) ?? []), address])
    }
  }
  return hosts
}
