/** What has been said of each kind: a mistake in a handler is worth one line, and not one a job. */
export class Notices {
  readonly #said = new Set<string>()

  /** True once for each kind and subject. */
  isNew(kind: string, subject: string): boolean {
    const notice = `${subject} ${kind}`
    if (this.#said.has(notice)) return false
    this.#said.add(notice)
    return true
  }
}
