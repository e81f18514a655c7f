import type { Report } from '../thread/protocol.ts'
import type { ThreadRun } from './thread-run.ts'

/** Turns of the event loop within which messages arrive that were sent before a result. */
const MOST_LOOPS = 10

/**
 * The late reports of a batch that has ended. A thread whose runs have sent messages reports by a
 * message, too. A message goes another way than the result of the batch, and may arrive a little
 * later than the result.
 */
export async function lateReports(runs: readonly ThreadRun[]): Promise<Report[]> {
  const missing = runs.filter((run) => !run.isOver)
  for (let loop = 0; loop < MOST_LOOPS; loop++) {
    if (missing.every((run) => run.late !== undefined)) break
    await new Promise(setImmediate)
  }
  return missing.flatMap((run) => run.late ?? [])
}
