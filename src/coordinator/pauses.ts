import type { Pause } from '../job/pause.ts'

const NONE: ReadonlyMap<string, Pause> = new Map()

/** The pauses, kept so that a look-up costs the same however many there are. */
export class Pauses {
  readonly #lanes = new Map<string, Pause>()
  readonly #kinds = new Map<string, Pause>()
  readonly #groups = new Map<string, Map<string, Pause>>()

  constructor(pauses: readonly Pause[]) {
    for (const pause of pauses) {
      const { lane, kind, group } = pause
      if (lane !== null) this.#lanes.set(lane, pause)
      else if (kind !== null && group === null) this.#kinds.set(kind, pause)
      else if (kind !== null) this.#groupsOf(kind).set(group!, pause)
    }
  }

  /** The pause that keeps jobs of a kind, or of one of its groups, from being claimed. */
  find(lane: string | undefined, kind: string, group: string | null): Pause | undefined {
    const ofLane = lane === undefined ? undefined : this.#lanes.get(lane)
    const ofGroup = group === null ? undefined : this.groups(kind).get(group)
    return ofLane ?? this.#kinds.get(kind) ?? ofGroup
  }

  /** The groups of a kind that are paused. */
  groups(kind: string): ReadonlyMap<string, Pause> {
    return this.#groups.get(kind) ?? NONE
  }

  #groupsOf(kind: string): Map<string, Pause> {
    const groups = this.#groups.get(kind) ?? new Map<string, Pause>()
    this.#groups.set(kind, groups)
    return groups
  }
}
