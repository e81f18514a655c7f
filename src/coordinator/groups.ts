import type { NewJob } from '../job/job.ts'
import { NEVER } from '../job/limits.ts'
import { groupOf } from '../job/group.ts'
import type { UnfiledJob } from '../store/turn.ts'
import type { Lanes } from './admission.ts'

/**
 * Finds the groups of jobs that were submitted where the options of their kind are not known: in
 * other processes, and by handlers. The `group` function of a kind runs here, never inside a
 * transaction.
 */
export class Groups {
  readonly #lanes: Lanes
  readonly #onMistake: (error: unknown, during: string) => void

  constructor(lanes: Lanes, onMistake: (error: unknown, during: string) => void) {
    this.#lanes = lanes
    this.#onMistake = onMistake
  }

  /** Gives each job its group; a job whose group cannot be found out has none. */
  file(jobs: readonly UnfiledJob[]): { id: number; group: string | null }[] {
    return jobs.map(({ id, kind, payload }) => ({ id, group: this.#of(kind, payload) }))
  }

  /**
   * A follow-up as the store writes it: `runAt` counts from the end of the run that enqueues it.
   */
  followUp(job: NewJob, now: number): NewJob {
    const runAt = job.runAt === NEVER ? NEVER : now + job.runAt
    const { group = this.#of(job.kind, job.payload) } = job
    return { ...job, runAt, group }
  }

  #of(kind: string, payload: string): string | null {
    const { group } = this.#lanes.policy(kind)
    if (group === undefined) return null
    try {
      return groupOf(group, JSON.parse(payload))
    } catch (error) {
      this.#onMistake(error, `finding the group of a job of kind ${kind}, which has none then`)
      return null
    }
  }
}
