import { Timeline, type Anchor, type TimeSources } from '../timeline.ts'
import type { QueueStatements } from './statements/queue.ts'

/** Continues the timeline from the anchor that the file has kept; a new file begins a timeline. */
export function openTimeline(statements: QueueStatements, sources: TimeSources): Timeline {
  const kept = statements.clock.get() as string | undefined
  return new Timeline(sources, kept === undefined ? undefined : (JSON.parse(kept) as Anchor))
}
