import type { TaskOutcome } from '../src/job/outcome.ts'
import { unitsOf } from '../src/thread/credit.ts'

/** Rows that cost an outcome one unit. */
const UNIT_ROWS = 32

/** Units of an outcome's effects and result; 0 for what weighs little, as most outcomes do. */
export function weightOf(outcome: TaskOutcome): number {
  const { deliveries } = outcome
  const followUps = outcome.type === 'failed' ? [] : outcome.followUps
  let characters = outcome.type === 'completed' ? (outcome.result?.length ?? 0) : 0
  for (const { payload } of followUps) characters += payload.length
  for (const { requestBody, responseBody } of deliveries) {
    characters += requestBody.length + (responseBody?.length ?? 0)
  }
  const rows = followUps.length + deliveries.length
  return Math.floor(rows / UNIT_ROWS) + unitsOf(characters) - 1
}
