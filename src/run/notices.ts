/**
 * Remembers what was logged about each kind: a mistake in a handler gets one line, not one line for
 * each job.
 */
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
