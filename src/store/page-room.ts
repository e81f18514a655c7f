/** Bytes of text that a page reads and parses at most, unless its first row alone has more. */
const MAX_PAGE_BYTES = 4 * 1_048_576

/** What is left of a page's bytes: reading it holds the event loop. */
export class PageRoom {
  #taken = 0

  /** Whether the page has room for one more row of so many bytes; the first always has. */
  take(bytes: number): boolean {
    if (this.#taken > 0 && this.#taken + bytes > MAX_PAGE_BYTES) return false
    this.#taken += bytes
    return true
  }
}
