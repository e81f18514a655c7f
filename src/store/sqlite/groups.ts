import type { Queue } from '../admission.ts'
import type { QueueChanges } from './queue-changes.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'

// The file keeps a row for each queue, and for each group with queued jobs: when the first job of it
// may start, as far as is known, and NULL while only an event can free it. That is a bound and not
// the truth: a claim looks at the queue itself, and corrects the bound. So none of the many ways in
// and out has to be exact.

export interface Grouped extends Queue {
  group: string | null
}

/** A job has been queued. */
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

/** A job of the group runs no more, or the group is paused no more: its next one may start. */
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
