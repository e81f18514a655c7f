import type { ClaimedJob } from '../../../src/job/job.ts'
import type { PauseTarget } from '../../../src/job/pause.ts'
import type { Command, CommandResult } from '../../../src/store/command.ts'
import { cancelled } from '../../../src/store/rules/ending.ts'
import { fewEnough, MOST_PRUNED } from '../../../src/store/rules/pruning.ts'
import { keyIsHeld } from '../../../src/store/rules/refusals.ts'
import { freeGroup, freeGroups, freeQueues, join, wakeGroup } from './bounds.ts'
import type { Writing } from './enqueue.ts'
import { appended, claimedOf } from './row.ts'
import { keyOf } from './tables.ts'

/** @throws HelveError when the command is refused; a refused command writes nothing */
export function execute(writing: Writing, command: Command): CommandResult {
  switch (command.type) {
    case 'retry':
      return retry(writing, command.id)
    case 'discard':
      return discard(writing, command.id)
    case 'prune':
      return prune(writing, command.before)
    case 'cancel':
      return cancel(writing, command.id, command.token)
    case 'pause':
      return pause(writing, command.target, command.by)
    case 'resume':
      return resume(writing, command.target)
    case 'closeBreaker':
      return closeBreaker(writing, command.kind, command.group)
    // The memory store keeps no hooks: no event has a delivery.
    case 'publish':
      return { guid: command.publication.guid, isNew: true, deliveries: [] }
    case 'beginAttempt':
      return 1
    case 'redeliver':
      return null
    case 'redeliverAll':
      return []
    case 'regroup':
      freeGroups(writing.tables, writing.now, command.kind)
      return freeQueues(writing.tables, writing.now, command.kind) > 0
    case 'file':
      for (const { id, group } of command.jobs) file(writing, id, group)
      return command.jobs.length > 0
  }
}

function retry({ tables, now }: Writing, id: number): boolean {
  const row = tables.jobs.get(id)
  if (row?.state !== 'dead') return false
  const holder = tables.holder(row.dedupeKey)
  if (holder) throw keyIsHeld(id, row.dedupeKey!, holder.id)
  const fresh = { attempts: 0, crashes: 0, diedAt: null, wallAt: null, isBackingOff: false }
  tables.change(row, { ...fresh, state: 'queued', runAt: now, since: now })
  join(tables, row, now, now)
  return true
}

function discard({ tables }: Writing, id: number): boolean {
  return tables.jobs.get(id)?.state === 'dead' && tables.jobs.delete(id)
}

function prune({ tables }: Writing, before: number): number {
  const old = tables.in('dead').filter(({ diedAt }) => diedAt! < before)
  const oldest = old.sort((a, b) => a.diedAt! - b.diedAt!).slice(0, MOST_PRUNED)
  const few = fewEnough(oldest, ({ payload, errors }) => payload.length + errors.length)
  for (const { id } of few) tables.jobs.delete(id)
  return few.length
}

function cancel(
  { tables, now, wall }: Writing,
  id: number,
  token: number | undefined,
): ClaimedJob | 'running' | false {
  const row = tables.jobs.get(id)
  if (row?.state === 'queued') {
    const errors = appended(row.errors, cancelled(wall, row.attempts))
    tables.change(row, { state: 'dead', diedAt: now, errors })
    return claimedOf(row, 0, row.attempts)
  }
  if (row?.state !== 'running' || row.token !== token) return false
  tables.change(row, { rerunAt: null, wallAt: null })
  return 'running'
}

function nameOf(target: PauseTarget): {
  lane: string | null
  kind: string | null
  group: string | null
} {
  if ('lane' in target) return { lane: target.lane, kind: null, group: null }
  return { lane: null, kind: target.kind, group: target.group ?? null }
}

function keyOfPause({ lane, kind, group }: ReturnType<typeof nameOf>): string {
  return keyOf(lane ?? '', kind ?? '', group ?? '')
}

function pause({ tables, wall }: Writing, target: PauseTarget, by: string | null): boolean {
  const name = nameOf(target)
  if (tables.pauses.some((one) => keyOfPause(one) === keyOfPause(name))) return false
  tables.pauses = [...tables.pauses, { ...name, since: wall, by }]
  return true
}

/** Ends a pause. Queues and groups that the pause has put off are looked at again. */
function resume({ tables, now }: Writing, target: PauseTarget): boolean {
  const key = keyOfPause(nameOf(target))
  const others = tables.pauses.filter((one) => keyOfPause(one) !== key)
  if (others.length === tables.pauses.length) return false
  tables.pauses = others
  if ('lane' in target) freeQueues(tables, now)
  else if (target.group === undefined) freeQueues(tables, now, target.kind)
  else freeGroup(tables, target.kind, target.group, now)
  return true
}

function closeBreaker({ tables, now }: Writing, kind: string, group: string): boolean {
  wakeGroup(tables, kind, group, now)
  return tables.breakers.delete(keyOf(kind, group))
}

function file({ tables, now }: Writing, id: number, group: string | null): void {
  const row = tables.jobs.get(id)
  if (row?.state !== 'queued' || row.isFiled) return
  join(tables, tables.change(row, { group, isFiled: true }), row.runAt, now)
}
