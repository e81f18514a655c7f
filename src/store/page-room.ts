/** Bytes of text that a page reads and parses at most, unless its first row alone has more. */
const MAX_PAGE_BYTES = 4 * 1_048_576

/** The bytes that a page may still read: reading them holds the event loop. */
export class PageRoom {
  #taken = 0

  /** Takes room for one more row of so many bytes; false without room. A first row always fits. */
  take(bytes: number): boolean {
    if (this.#taken > 0 && this.#taken + bytes > MAX_PAGE_BYTES) return false
    this.#taken += bytes
    return true
  }
}
