import type { Report } from '../job/task.ts'
import type { ThreadRun } from './thread-run.ts'

/** Turns of the event loop in which messages that were sent before a result arrive. */
const MOST_LOOPS = 10

/**
 * Reports that came as a message, since their runs had sent messages before: on another way than
 * the result of their batch, with which they are settled, and maybe a little behind it.
 */
export class LastReports {
  /** By slot. */
  readonly #reports = new Map<number, Report>()

  add(reports: Report[]): void {
    for (const report of reports) this.#reports.set(report.slot, report)
  }

  /** Those of the runs of a batch that has ended. */
  async take(runs: ThreadRun[]): Promise<Report[]> {
    const missing = runs.filter((run) => !run.isOver)
    for (let loop = 0; loop < MOST_LOOPS; loop++) {
      if (missing.every(({ slot }) => this.#reports.has(slot))) break
      await new Promise(setImmediate)
    }
    return missing.flatMap(({ slot }) => {
      const report = this.#reports.get(slot)
      this.#reports.delete(slot)
      return report ?? []
    })
  }
}
