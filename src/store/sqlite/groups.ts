import type { Queue } from '../admission.ts'
import type { QueueChanges } from './queue-changes.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'

// The file keeps a row with a bound for each queue, and for each group with queued jobs. The bound
// is the moment at which the first job may start, as far as is known, and NULL while only an event
// can free the queue or the group. A bound may be too low: a claim looks at the jobs themselves and
// corrects the bound. So the many places that add and remove jobs need not set exact bounds.

export interface Grouped extends Queue {
  group: string | null
}

/** Lowers the bounds of a job's queue and group, because the job has been queued. */
export function joinQueue(
  statements: EnqueueStatements,
  changes: QueueChanges,
  job: Grouped,
  runAt: number,
  now: number,
): void {
  const { kind, group, priority } = job
  changes.join(job, runAt)
  if (group !== null) statements.joinGroup.run(kind, group, priority, runAt, now)
}

/** Lets the next job of a group start, when a run of the group has ended or its pause is over. */
export function freeGroup(
  statements: QueueStatements,
  changes: QueueChanges,
  { kind, group }: Pick<Grouped, 'kind' | 'group'>,
  now: number,
): void {
  if (group === null) return
  for (const [priority] of statements.freeGroup.all(now, kind, group)) {
    changes.join({ kind, priority: priority as number }, now)
  }
}
