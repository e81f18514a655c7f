import type { Report } from '../thread/protocol.ts'
import type { ThreadRun } from './thread-run.ts'

/** Turns of the event loop in which messages that were sent before a result arrive. */
const MOST_LOOPS = 10

/**
 * Reports that came as a message, since their runs had sent messages before: on another way than
 * the result of their batch, with which they are settled, and maybe a little behind it.
 */
export class LateReports {
  /** By slot. */
  readonly #reports = new Map<number, Report>()

  add(reports: Report[]): void {
    for (const report of reports) this.#reports.set(report.slot, report)
  }

  /** Those of the runs of a batch that has ended. */
  async take(runs: ThreadRun[]): Promise<Report[]> {
    const missing = runs.filter((run) => !run.isOver)
    for (let loop = 0; loop < MOST_LOOPS; loop++) {
      if (missing.every((run) => this.#of(run) !== undefined)) break
      await new Promise(setImmediate)
    }
    return missing.flatMap((run) => {
      const report = this.#of(run)
      this.#reports.delete(run.slot)
      return report ?? []
    })
  }

  /** A thread that ended in between may have left one of the slot's run before. */
  #of({ slot, job }: ThreadRun): Report | undefined {
    const report = this.#reports.get(slot)
    return report?.token === job.token ? report : undefined
  }
}
