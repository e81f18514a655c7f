import assert from 'node:assert/strict'
import { Random } from '../../support/random.ts'
import type { Figures, PartOptions } from '../part.ts'
import { comebacks, median } from './capacity.ts'
import { mixture } from './mixture.ts'

/** How much a run of this part does. */
export interface PoisonOptions extends PartOptions {
  /** How often each poison is tried in each lane. @default 4 */
  rounds?: number
  /** Threads that are ended one by one, to see how soon there is another thread. @default 40 */
  exits?: number
  /** Most ms from a thread's exit to the full capacity, if enough is measured. @default 500 */
  limit?: number
}

export const about = 'runs handlers that do what no handler should, among healthy ones'
export const share = { rounds: 0.2, exits: 4, limit: Infinity }

/** I7: a poisonous handler harms no other job, and the capacity that it costs comes back. */
export async function run(options: PoisonOptions): Promise<Figures> {
  const { seed, rounds = 4, exits = 40, limit = 500 } = options
  const random = new Random(seed)
  const before = memory()
  const tally = await mixture(random, rounds)
  const after = memory()
  const { lanes, bare } = await comebacks(random, exits)
  // A busy machine decides about single times, so that the median counts. On a machine so busy that
  // a bare thread needs long, it decides about all times.
  const most = Math.max(limit, 2 * median(bare))
  assert.ok(median(lanes) <= most, `the capacity came back after ${median(lanes)} ms`)
  return {
    'poisonous jobs': tally.poisons,
    'healthy jobs beside them': tally.healthy,
    'of them harmed': tally.harmed,
    'of them run again, since their thread had ended': tally.again,
    'threads ended': tally.threads + exits,
    'ms from the exit of a thread until the capacity was back, median': median(lanes),
    'the same, longest': Math.round(lanes.at(-1)!),
    'ms that a bare thread took to start, in between, median': median(bare),
    'MiB of memory of the process, before': before,
    'the same, after': after,
  }
}

function memory(): number {
  return Math.round(process.memoryUsage.rss() / 1_048_576)
}
