import type { EnqueueStatements, QueueStatements } from './statements.ts'

// The queue keeps a row for each group with queued jobs: when its first job may start, as far as is
// known, and NULL while its group is full. That is a bound and not the truth: a claim looks at the
// group itself, and corrects it. So none of the many ways in and out has to be exact.

interface Grouped {
  kind: string
  group: string | null
  priority: number
}

/** A job of the group is queued. */
export function joinGroup(
  statements: EnqueueStatements,
  { kind, group, priority }: Grouped,
  runAt: number,
  now: number,
): void {
  if (group !== null) statements.joinGroup.run(kind, group, priority, runAt, now)
}

/** A job of the group runs no more: its next one may start. */
export function freeGroup(statements: QueueStatements, job: Grouped, now: number): void {
  if (job.group !== null) statements.freeGroup.run(now, job.kind, job.group)
}
