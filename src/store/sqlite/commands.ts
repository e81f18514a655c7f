import { read } from '../../job/errors.ts'
import type { ClaimedJob } from '../../job/job.ts'
import type { PauseTarget } from '../../job/pause.ts'
import type { NewPublication, Published } from '../../job/publication.ts'
import type { Command, CommandResult } from '../command.ts'
import { cancelled } from '../rules/ending.ts'
import { fewEnough, MOST_PRUNED } from '../rules/pruning.ts'
import { keyIsHeld } from '../rules/refusals.ts'
import { freeGroup, joinQueue } from './groups.ts'
import { publish, type Publishing } from './publish.ts'
import { redeliver, redeliverAll } from './redeliver.ts'
import { claimedBefore } from './rows.ts'
import type { EnqueueStatements } from './statements/enqueue.ts'
import type { QueueStatements } from './statements/queue.ts'
import type { Webhooks } from './webhooks.ts'

interface Executing extends Publishing {
  statements: EnqueueStatements & QueueStatements
  /** Counts bytes of payloads that a command rewrites or deletes. */
  wrote: (bytes: number) => void
  webhooks: Webhooks
}

/** @throws HelveError when the command is refused; a refused command writes nothing */
export function execute(executing: Executing, command: Command): CommandResult {
  switch (command.type) {
    case 'retry':
      return retry(executing, command.id)
    case 'discard':
      return discard(executing, command.id)
    case 'prune':
      return prune(executing, command.before)
    case 'cancel':
      return cancel(executing, command.id, command.token) ?? false
    case 'pause':
      return pause(executing, command.target, command.by)
    case 'resume':
      return resume(executing, command.target)
    case 'publish':
      return published(executing, command.publication)
    case 'beginAttempt':
      return executing.webhooks.attempts.begin(command.start, executing.now)
    case 'redeliver':
      return redeliver(executing, command.attempt)
    case 'redeliverAll':
      return redeliverAll(executing, command.query)
    case 'closeBreaker':
      return closeBreaker(executing, command)
    case 'regroup':
      return regroup(executing, command.kind)
    case 'file':
      return file(executing, command.jobs)
  }
}

function retry({ statements, changes, now, wrote }: Executing, id: number): boolean {
  const row = requeueDead(statements, id, now)
  if (row === undefined) return false
  const [kind, priority, group, bytes] = row as [string, number, string | null, number]
  wrote(bytes)
  changes.move('dead', 'queued', kind, priority)
  joinQueue(statements, changes, { kind, group, priority }, now, now)
  return true
}

function requeueDead(
  statements: Executing['statements'],
  id: number,
  now: number,
): unknown[] | undefined {
  try {
    return statements.retry.get(now, now, id)
  } catch (error) {
    if (read(error, 'code') !== 'SQLITE_CONSTRAINT_UNIQUE') throw error
    const key = statements.keyOf.get(id) as string
    const [holder] = statements.holder.get(key) ?? []
    throw keyIsHeld(id, key, holder as number)
  }
}

function discard({ statements, changes, wrote }: Executing, id: number): boolean {
  const row = statements.discard.get(id)
  if (row === undefined) return false
  const [kind, priority, bytes] = row as [string, number, number]
  wrote(bytes)
  changes.add('dead', kind, priority, -1)
  return true
}

function prune(executing: Executing, before: number): number {
  const rows = executing.statements.oldestDead.all(before, MOST_PRUNED) as [number, number][]
  const few = fewEnough(rows, ([, bytes]) => bytes)
  for (const [id] of few) discard(executing, id)
  return few.length
}

function cancel(
  { statements, changes, now, wall, wrote }: Executing,
  id: number,
  token: number | undefined,
): ClaimedJob | 'running' | undefined {
  const attempt = statements.attemptsOf.get(id) as number
  const error = JSON.stringify(cancelled(wall, attempt))
  const row = statements.cancelQueued.get({ id, now, error })
  if (row === undefined) {
    const bytes = statements.cancelRunning.get(id, token) as number | undefined
    if (bytes === undefined) return undefined
    wrote(bytes)
    return 'running'
  }
  const bytes = row.pop() as number
  const job = claimedBefore([...row, 0])
  wrote(bytes)
  changes.move('queued', 'dead', job.kind, job.priority)
  return job
}

type PauseKey = [lane: string, kind: string, group: string]

function keyOf(target: PauseTarget): PauseKey {
  if ('lane' in target) return [target.lane, '', '']
  return ['', target.kind, target.group ?? '']
}

function pause({ statements, wall }: Executing, target: PauseTarget, by: string | null): boolean {
  const isNew = statements.pause.run(...keyOf(target), wall, by).changes === 1
  if (isNew) statements.pausesChanged.run()
  return isNew
}

/** Ends a pause. Queues and groups that the pause has put off are looked at again. */
function resume(executing: Executing, target: PauseTarget): boolean {
  const { statements, changes, now } = executing
  if (statements.resume.run(...keyOf(target)).changes !== 1) return false
  statements.pausesChanged.run()
  if ('lane' in target) statements.freeQueues.run({ now })
  else if (target.group === undefined) statements.freeQueue.run({ now, kind: target.kind })
  else freeGroup(statements, changes, { kind: target.kind, group: target.group }, now)
  return true
}

function published(executing: Executing, publication: NewPublication): Published {
  executing.wrote(publication.json?.length ?? 0)
  return publish(executing, publication)
}

function closeBreaker(
  { statements, changes, now }: Executing,
  { kind, group }: { kind: string; group: string },
): boolean {
  const { changes: dropped } = statements.dropBreaker.run(kind, group)
  for (const [priority] of statements.wakeGroup.all({ kind, group, now })) {
    changes.join({ kind, priority: priority as number }, now)
  }
  return dropped === 1
}

function regroup({ statements, now }: Executing, kind: string): boolean {
  statements.freeKind.run({ now, kind })
  return statements.freeQueue.run({ now, kind }).changes > 0
}

function file(
  { statements, changes, now }: Executing,
  jobs: readonly { id: number; group: string | null }[],
): boolean {
  for (const { id, group } of jobs) {
    const row = statements.file.get(group, id)
    if (row === undefined) continue
    const [kind, , priority, runAt] = row as [string, unknown, number, number]
    joinQueue(statements, changes, { kind, group, priority }, runAt, now)
  }
  return jobs.length > 0
}
