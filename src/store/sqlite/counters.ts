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
  /** The newest of each state: the next job is mostly of the same kind and priority. */
  readonly #newest = new Map<JobState, Delta>()

  add(state: JobState, kind: string, priority: number, jobs: number): void {
    const newest = this.#newest.get(state)
    if (newest?.kind === kind && newest.priority === priority) newest.jobs += jobs
    else this.#addOther(state, kind, priority, jobs)
  }

  #addOther(state: JobState, kind: string, priority: number, jobs: number): void {
    const key = `${state} ${priority} ${kind}`
    const delta = this.#deltas.get(key) ?? { state, kind, priority, jobs: 0 }
    delta.jobs += jobs
    this.#deltas.set(key, delta)
    this.#newest.set(state, delta)
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
    this.#newest.clear()
  }
}
