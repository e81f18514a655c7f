import { Random } from '../../support/random.ts'
import { oneOfEach, submissions, type LoadedRuntime, type Submission } from './load.ts'
import type { Counted } from './report.ts'
import { ticks } from './ticks.ts'

/** Milliseconds between two batches. */
const TICK = 100

/**
 * Enqueues one job of each kind, however short the load is, and then the load until `signal`
 * aborts.
 */
export async function produce(
  runtime: LoadedRuntime,
  counted: Counted,
  seed: number,
  signal: AbortSignal,
): Promise<void> {
  const random = new Random(seed)
  const enqueue = async (jobs: Submission[]): Promise<void> => {
    const results = await runtime.enqueueMany(jobs)
    counted.acknowledged += results.filter(({ deduped }) => !deduped).length
  }
  await enqueue(oneOfEach(random))
  for await (const _ of ticks(TICK, signal)) await enqueue(submissions(random, TICK))
}
