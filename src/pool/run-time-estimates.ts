/** Milliseconds of work that one hand-off to a thread should be worth. */
const HAND_OFF = 3
/** Most jobs in one hand-off. */
export const MOST_JOBS = 512
/** Runs after which the time of a kind counts as known. */
const SAMPLES = 8

interface Known {
  runs: number
  /** Milliseconds. */
  took: number
}

/**
 * Measures how long runs of each kind of a lane take. The time decides how many jobs may share a
 * hand-off. A slow run counts at once and is forgotten slowly: a slow run holds up other jobs.
 */
export class RunTimeEstimates {
  readonly #kinds = new Map<string, Known>()

  /** Takes a run into account. */
  measured(kind: string, took: number): void {
    const known = this.#kinds.get(kind)
    if (known === undefined) {
      this.#kinds.set(kind, { runs: 1, took })
      return
    }
    known.runs += 1
    known.took = Math.max(took, known.took + (took - known.took) / SAMPLES)
  }

  /** A thread was lost under the kind: the kind becomes unknown again. */
  forget(kind: string): void {
    this.#kinds.delete(kind)
  }

  /** The share of a hand-off that a job takes up: 1 for kinds that are unknown or slow. */
  cost(kind: string): number {
    const known = this.#kinds.get(kind)
    if (known === undefined || known.runs < SAMPLES) return 1
    return Math.min(1, Math.max(known.took / HAND_OFF, 1 / MOST_JOBS))
  }
}
