import type { Report } from '../thread/protocol.ts'
import type { ThreadRun } from './thread-run.ts'

/** Turns of the event loop in which messages that were sent before a result arrive. */
const MOST_LOOPS = 10

/**
 * The late reports of a batch that has ended: those that came as a message, since their runs had sent
 * messages before. A message goes another way than the result of the batch, and may arrive a little
 * behind it.
 */
export async function lateReports(runs: readonly ThreadRun[]): Promise<Report[]> {
  const missing = runs.filter((run) => !run.isOver)
  for (let loop = 0; loop < MOST_LOOPS; loop++) {
    if (missing.every((run) => run.late !== undefined)) break
    await new Promise(setImmediate)
  }
  return missing.flatMap((run) => run.late ?? [])
}
