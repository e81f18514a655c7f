import type { HandlerOutcome } from '../src/job/outcome.ts'
import { effectRows, effectSize } from '../src/job/outcome-weight.ts'
import { unitsOf } from '../src/thread/credit.ts'

/** Rows that cost an outcome one unit. */
const UNIT_ROWS = 32

/** Units of an outcome's effects and result; 0 for a light outcome, as most outcomes are. */
export function weightOf(outcome: HandlerOutcome): number {
  const result = outcome.type === 'completed' ? (outcome.result?.length ?? 0) : 0
  const rows = effectRows(outcome)
  return Math.floor(rows / UNIT_ROWS) + unitsOf(result + effectSize(outcome)) - 1
}
