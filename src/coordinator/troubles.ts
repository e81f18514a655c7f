import type { Trouble } from './breaker-step.ts'

/** The most groups of a kind whose failures are counted while their breakers are closed. */
const MOST_COUNTED = 10_000

/** The failures of groups, by kind and group. */
export class Troubles {
  readonly #open = new Map<string, Map<string, Trouble>>()
  /** Groups with closed breakers; the group whose failures changed last is the last one. */
  readonly #counted = new Map<string, Map<string, Trouble>>()

  get(kind: string, group: string): Trouble | undefined {
    return this.#open.get(kind)?.get(group) ?? this.#counted.get(kind)?.get(group)
  }

  /** @param trouble undefined for a group that is fine */
  set(kind: string, group: string, trouble: Trouble | undefined): void {
    this.#open.get(kind)?.delete(group)
    this.#counted.get(kind)?.delete(group)
    if (trouble === undefined) return
    const groups = of(trouble.breaker === undefined ? this.#counted : this.#open, kind)
    groups.set(group, trouble)
    if (trouble.breaker !== undefined || groups.size <= MOST_COUNTED) return
    for (const oldest of groups.keys()) {
      groups.delete(oldest)
      return
    }
  }
}

function of(kinds: Map<string, Map<string, Trouble>>, kind: string): Map<string, Trouble> {
  const groups = kinds.get(kind) ?? new Map<string, Trouble>()
  kinds.set(kind, groups)
  return groups
}
