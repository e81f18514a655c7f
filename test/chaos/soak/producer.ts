import { Random } from '../../support/random.ts'
import { submissions, type LoadedRuntime } from './load.ts'
import type { Counted } from './report.ts'
import { ticks } from './ticks.ts'

/** Milliseconds between two batches. */
const TICK = 100

/** Enqueues the load until it is aborted. */
export async function produce(
  runtime: LoadedRuntime,
  counted: Counted,
  seed: number,
  signal: AbortSignal,
): Promise<void> {
  const random = new Random(seed)
  for await (const _ of ticks(TICK, signal)) {
    const results = await runtime.enqueueMany(submissions(random, TICK))
    counted.acknowledged += results.filter(({ deduped }) => !deduped).length
  }
}
