import type { UnfiledJob } from '../turn.ts'
import type { ClaimSource } from './source.ts'

/** Most jobs of a kind that are filed in one turn, and most characters of their payloads. */
const MOST_JOBS = 500
const MOST_CHARACTERS = 1_048_576

/** The jobs whose group has to be found out, as one turn sees them. */
export class Unfiled {
  readonly #source: ClaimSource
  readonly #now: number
  readonly #byKind = new Map<string, UnfiledJob[]>()
  readonly #backlogs = new Set<string>()

  /** @param now the moment of the turn */
  constructor(source: ClaimSource, now: number) {
    this.#source = source
    this.#now = now
  }

  /** Looks for unfiled jobs of a kind, unless the turn has as many of the kind as it may file. */
  look(kind: string): void {
    if (this.#backlogs.has(kind)) return
    const jobs = this.#source.unfiled(kind, MOST_JOBS, MOST_CHARACTERS)
    const characters = jobs.reduce((sum, { payload }) => sum + payload.length, 0)
    const isFull = jobs.length === MOST_JOBS || characters >= MOST_CHARACTERS
    this.#byKind.set(kind, jobs)
    if (isFull && jobs.at(-1)!.runAt <= this.#now) this.#backlogs.add(kind)
  }

  has(kind: string): boolean {
    return (this.#byKind.get(kind)?.length ?? 0) > 0
  }

  /**
   * Whether a kind may have more due unfiled jobs than one turn files. The kind's jobs without a
   * group then wait: passing over the whole backlog in each turn would take ever longer.
   */
  isBacklog(kind: string): boolean {
    return this.#backlogs.has(kind)
  }

  get all(): UnfiledJob[] {
    return [...this.#byKind.values()].flat()
  }
}
