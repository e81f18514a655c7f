import type { JobState } from '../../job/job.ts'
import type { EnqueueStatements } from './statements.ts'

interface Delta {
  state: JobState
  kind: string
  priority: number
  jobs: number
}

/**
 * The changes that a transaction makes to the numbers of jobs, summed up, so that a turn of a
 * thousand jobs writes a handful of counters.
 */
export class Counters {
  readonly #deltas = new Map<string, Delta>()

  add(state: JobState, kind: string, priority: number, jobs: number): void {
    const key = `${state} ${priority} ${kind}`
    const delta = this.#deltas.get(key)
    if (delta === undefined) this.#deltas.set(key, { state, kind, priority, jobs })
    else delta.jobs += jobs
  }

  move(from: JobState, to: JobState, kind: string, priority: number): void {
    this.add(from, kind, priority, -1)
    this.add(to, kind, priority, 1)
  }

  flush(statements: EnqueueStatements): void {
    for (const { state, kind, priority, jobs } of this.#deltas.values()) {
      if (jobs !== 0) statements.count.run(state, kind, priority, jobs)
    }
    this.clear()
  }

  merge(other: Counters): void {
    for (const { state, kind, priority, jobs } of other.#deltas.values()) {
      this.add(state, kind, priority, jobs)
    }
  }

  clear(): void {
    this.#deltas.clear()
  }
}
