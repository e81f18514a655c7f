import { viewsOf, type Address } from './address.ts'
import { kindOf } from './address-kind.ts'
import { AddressSet } from './address-set.ts'
import { readEntry, type Entry } from './entry.ts'
import { patternTest } from './host-pattern.ts'

/** The compiled entries of `allow` or of `deny`. */
export class EntrySet {
  readonly #words = new Set<string>()
  readonly #addresses = new AddressSet()
  readonly #names: RegExp[] = []

  /** @param entries that `checkGuard` has checked */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(readEntry(entry)!)
  }

  hasName(host: string): boolean {
    return this.#names.some((name) => name.test(host))
  }

  hasAddress(address: Address): boolean {
    if (this.#words.has(kindOf(address))) return true
    return viewsOf(address).some((view) => this.#addresses.has(view))
  }

  #add(entry: Entry): void {
    if ('word' in entry) this.#words.add(entry.word)
    else if ('range' in entry) this.#addresses.add(entry.range)
    else this.#names.push(patternTest(entry.pattern))
  }
}
